# Ends a test machine: $1 is the process that holds its namespaces, $2 its cgroup, $3 its folder.
kill -9 "$1" 2>/dev/null
# Processes leave their cgroups a moment after they are killed.
tries=100
while [ $tries -gt 0 ]; do
  left=$(find /sys/fs/cgroup -maxdepth 2 -type d -name "$2" 2>/dev/null)
  [ -z "$left" ] && break
  find $left -depth -type d -exec rmdir {} + 2>/dev/null
  tries=$((tries - 1))
  sleep 0.1
done
rm -rf "$3"
