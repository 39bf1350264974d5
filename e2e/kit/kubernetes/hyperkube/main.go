// Command hyperkube is every Kubernetes program that the test kit runs, in one
// binary: `hyperkube COMPONENT ARGUMENT...`. One link step and one copy of the
// shared code make it several times cheaper to build than the programs alone.
package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/coredns/coredns/coremain"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"

	// CoreDNS knows only the directives whose plugins are linked.
	_ "github.com/coredns/coredns/plugin/bind"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/log"
	_ "github.com/coredns/coredns/plugin/ready"
	_ "github.com/coredns/coredns/plugin/template"

	// Metrics of the components, so that /metrics is as in a real cluster.
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
)

type component struct {
	name string
	run  func()
}

var components = []component{
	{"coredns", coremain.Run},
	{"etcd", func() { etcdmain.Main(os.Args) }},
	{"kube-apiserver", func() { os.Exit(cli.Run(apiserver.NewAPIServerCommand())) }},
	{"kube-controller-manager", func() { os.Exit(cli.Run(controllers.NewControllerManagerCommand())) }},
	{"kube-proxy", func() { os.Exit(cli.Run(proxy.NewProxyCommand())) }},
	{"kube-scheduler", func() { os.Exit(cli.Run(scheduler.NewSchedulerCommand())) }},
	{"kubectl", runKubectl},
	{"kubelet", func() { os.Exit(cli.Run(kubelet.NewKubeletCommand(context.Background()))) }},
}

func main() {
	if len(os.Args) > 1 {
		wanted := os.Args[1]
		at := slices.IndexFunc(components, func(c component) bool { return c.name == wanted })
		if at >= 0 {
			os.Args = os.Args[1:]
			components[at].run()
			return
		}
	}
	names := make([]string, len(components))
	for i, c := range components {
		names[i] = c.name
	}
	fmt.Fprintf(os.Stderr, "usage: hyperkube {%s} ARGUMENT...\n", strings.Join(names, "|"))
	os.Exit(2)
}

// kubectl prints its errors itself and has exit codes of its own.
func runKubectl() {
	if err := cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()); err != nil {
		kubectlutil.CheckErr(err)
	}
}
