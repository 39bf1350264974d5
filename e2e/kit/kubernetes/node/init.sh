# First process of a test machine, run by bash inside new mount, network, pid, ipc and uts namespaces.
# $1: folder for state; $2: name of the machine's cgroup. Prepares the machine, writes $1/up, then only reaps orphans.
set -eu
state=$1 cgroup=$2

# Nothing mounted here is seen outside; volumes that the kubelet mounts are seen by containerd.
mount --make-rprivate /
mount --make-rshared /
hostname node1

# State in memory: it goes with the mount namespace, whatever ends the machine.
for folder in "$state"/{cni,containerd,etcd,kubelet,pods} /run /var/log /var/lib/cni /var/lib/kubelet; do
  mkdir -p "$folder"
  mount -t tmpfs tmpfs "$folder"
done

# The kubelet insists on three sysctls that belong to the whole host. It finds what it wants in files put over them.
for wanted in vm/overcommit_memory=1 kernel/panic=10 kernel/panic_on_oops=1; do
  file="$state/${wanted//[\/=]/-}"
  echo "${wanted#*=}" >"$file"
  mount --bind "$file" "/proc/sys/${wanted%=*}"
done

# The bridge is the pods' network, their gateway and the node's own address.
ip link set lo up
ip link add kit0 type bridge
ip address add 10.88.0.1/24 dev kit0
ip link set kit0 up
ip route add default dev kit0
echo 1 >/proc/sys/net/ipv4/ip_forward

# Pods live below one cgroup, so that the clean-up finds them.
root=/sys/fs/cgroup
if [ -f $root/cgroup.controllers ]; then
  mkdir -p "$root/$cgroup"
  for controller in $(cat $root/cgroup.controllers); do
    echo "+$controller" >$root/cgroup.subtree_control || true
    echo "+$controller" >"$root/$cgroup/cgroup.subtree_control" || true
  done
else
  for hierarchy in $root/*/; do
    [ -f "$hierarchy/cgroup.procs" ] && mkdir -p "$hierarchy/$cgroup"
  done
  # A new cpuset has no CPUs and takes no process.
  for file in cpuset.cpus cpuset.mems; do
    cat $root/cpuset/$file >"$root/cpuset/$cgroup/$file"
  done
fi

echo up >"$state/up"
while :; do
  sleep 3600 &
  wait $! || true
done
