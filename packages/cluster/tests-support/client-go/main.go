// client-go's elector on a Lease, whose rounds and whose time a test makes: it reads a line of JSON
// for each, and answers with one.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"os"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

type command struct {
	// Since the command before.
	PassedMs int64 `json:"passedMs"`
	// Gives the Lease up instead of a round.
	Release bool `json:"release"`
}

type answer struct {
	Done     bool   `json:"done"`
	IsLeader bool   `json:"isLeader"`
	Holder   string `json:"holder"`
}

func main() {
	kubeconfig := flag.String("kubeconfig", "", "with the namespace of the Lease")
	name := flag.String("lease", "", "its name")
	identity := flag.String("identity", "", "who holds it")
	flag.Parse()

	elector := newElector(*kubeconfig, *name, *identity)
	lines := bufio.NewScanner(os.Stdin)
	answers := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var asked command
		check(json.Unmarshal(lines.Bytes(), &asked))
		elector.Pass(time.Duration(asked.PassedMs) * time.Millisecond)
		done := false
		if asked.Release {
			done = elector.Release()
		} else {
			done = elector.Round(context.Background())
		}
		check(answers.Encode(answer{done, elector.IsLeader(), elector.GetLeader()}))
	}
	check(lines.Err())
}

func newElector(kubeconfig, name, identity string) *leaderelection.LeaderElector {
	loading := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
		&clientcmd.ClientConfigLoadingRules{ExplicitPath: kubeconfig},
		&clientcmd.ConfigOverrides{},
	)
	config, err := loading.ClientConfig()
	check(err)
	// It would hold back all but five requests a second.
	config.QPS = -1
	namespace, _, err := loading.Namespace()
	check(err)
	client, err := kubernetes.NewForConfig(config)
	check(err)
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock: &resourcelock.LeaseLock{
			LeaseMeta:  metav1.ObjectMeta{Name: name, Namespace: namespace},
			Client:     client.CoordinationV1(),
			LockConfig: resourcelock.ResourceLockConfig{Identity: identity},
		},
		// As all components of Kubernetes have them by default.
		LeaseDuration: 15 * time.Second,
		RenewDeadline: 10 * time.Second,
		RetryPeriod:   2 * time.Second,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(context.Context) {},
			OnStoppedLeading: func() {},
		},
	})
	check(err)
	return elector
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
