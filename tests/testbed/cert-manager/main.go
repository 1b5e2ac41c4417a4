// The controllers of cert-manager, without its webhook and its cainjector. What its authors call cmd/controller is a Go module below its own, which no proxy serves;
// so the same controllers are started here, with the settings that cmd/controller has by default, and with the ACME server's certificate authority trusted (SSL_CERT_FILE).
package main

import (
	"context"
	"flag"
	"os"
	"os/signal"
	"syscall"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/klog/v2"

	"github.com/cert-manager/cert-manager/pkg/controller"
	"github.com/cert-manager/cert-manager/pkg/controller/acmechallenges"
	"github.com/cert-manager/cert-manager/pkg/controller/acmeorders"
	cracme "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/acme"
	"github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/approver"
	crca "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/ca"
	crselfsigned "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/selfsigned"
	"github.com/cert-manager/cert-manager/pkg/controller/certificates/issuing"
	"github.com/cert-manager/cert-manager/pkg/controller/certificates/keymanager"
	"github.com/cert-manager/cert-manager/pkg/controller/certificates/readiness"
	"github.com/cert-manager/cert-manager/pkg/controller/certificates/requestmanager"
	"github.com/cert-manager/cert-manager/pkg/controller/certificates/revisionmanager"
	"github.com/cert-manager/cert-manager/pkg/controller/certificates/trigger"
	"github.com/cert-manager/cert-manager/pkg/controller/clusterissuers"
	"github.com/cert-manager/cert-manager/pkg/controller/issuers"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/acme"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/ca"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/selfsigned"
	logf "github.com/cert-manager/cert-manager/pkg/logs"
)

var wanted = sets.New(acmechallenges.ControllerName, acmeorders.ControllerName, cracme.CRControllerName, approver.ControllerName,
	crca.CRControllerName, crselfsigned.CRControllerName, issuing.ControllerName, keymanager.ControllerName, readiness.ControllerName,
	requestmanager.ControllerName, revisionmanager.ControllerName, trigger.ControllerName, clusterissuers.ControllerName,
	issuers.ControllerName)

func main() {
	kubeconfig := flag.String("kubeconfig", "", "the cluster")
	namespace := flag.String("cluster-resource-namespace", "cert-manager", "where the secrets of ClusterIssuers are")
	klog.InitFlags(nil)
	flag.Parse()
	root, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	root = logf.NewContext(root, logf.Log, "controller")
	if err := run(root, *kubeconfig, *namespace); err != nil {
		logf.Log.Error(err, "ended")
		os.Exit(1)
	}
}

func run(root context.Context, kubeconfig, namespace string) error {
	quantity := resource.MustParse
	factory, err := controller.NewContextFactory(root, controller.ContextOptions{
		Kubeconfig: kubeconfig, KubernetesAPIQPS: 20, KubernetesAPIBurst: 50,
		IssuerOptions: controller.IssuerOptions{ClusterResourceNamespace: namespace, ClusterIssuerAmbientCredentials: true},
		ACMEOptions: controller.ACMEOptions{
			HTTP01SolverResourceRequestCPU: quantity("10m"), HTTP01SolverResourceRequestMemory: quantity("64Mi"),
			HTTP01SolverResourceLimitsCPU: quantity("100m"), HTTP01SolverResourceLimitsMemory: quantity("64Mi"),
			HTTP01SolverImage: "quay.io/jetstack/cert-manager-acmesolver:v1.21.2", ACMEHTTP01SolverRunAsNonRoot: true,
			DNS01CheckRetryPeriod: 10 * time.Second, DNS01CheckAuthoritative: true, DNS01Nameservers: []string{"127.0.0.1:53"},
		},
		SchedulerOptions: controller.SchedulerOptions{MaxConcurrentChallenges: 60},
		CertificateOptions: controller.CertificateOptions{
			CopiedAnnotationPrefixes:                 []string{"*", "-kubectl.kubernetes.io/", "-fluxcd.io/", "-argocd.argoproj.io/"},
			CertificateRequestMinimumBackoffDuration: time.Hour, CertificateRequestMaximumBackoffDuration: 32 * time.Hour,
		},
	})
	if err != nil {
		return err
	}
	shared, err := factory.Build()
	if err != nil {
		return err
	}
	failed := make(chan error)
	for name, build := range controller.Known() {
		if !wanted.Has(name) {
			continue
		}
		runner, err := build(factory)
		if err != nil {
			return err
		}
		go func() { failed <- runner.Run(5, root) }()
	}
	shared.SharedInformerFactory.Start(root.Done())
	shared.KubeSharedInformerFactory.Start(root.Done())
	shared.HTTP01ResourceMetadataInformersFactory.Start(root.Done())
	select {
	case err = <-failed:
		return err
	case <-root.Done():
		return nil
	}
}
