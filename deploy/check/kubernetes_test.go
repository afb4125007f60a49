package check_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	policy "k8s.io/api/policy/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	strict "sigs.k8s.io/yaml"
)

// manifests are those of deploy/kubernetes, each decoded into its type of the
// Kubernetes API, where an unknown field is an error.
type manifests struct {
	settings   core.ConfigMap
	deployment apps.Deployment
	budget     policy.PodDisruptionBudget
}

func readManifests(t *testing.T) (all manifests) {
	t.Helper()
	text, err := os.ReadFile("../kubernetes/responder.yaml")
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]any{"v1 ConfigMap": &all.settings, "apps/v1 Deployment": &all.deployment, "policy/v1 PodDisruptionBudget": &all.budget}
	for decoder := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var document map[string]any
		if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		one, err := yaml.Marshal(document)
		if err != nil {
			t.Fatal(err)
		}
		kind := document["apiVersion"].(string) + " " + document["kind"].(string)
		if into := kinds[kind]; into == nil {
			t.Errorf("a second, or an unknown, %s", kind)
		} else if err := strict.UnmarshalStrict(one, into); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		delete(kinds, kind)
	}
	if len(kinds) != 0 {
		t.Errorf("missing: %v", kinds)
	}
	return all
}

// The parts of the manifests fit together: selectors find the pods, replicas are on
// different nodes, everything that is mounted exists, and no pod is killed before its calls
// are over.
func TestManifestsBelongTogether(t *testing.T) {
	all := readManifests(t)
	pod := all.deployment.Spec.Template
	anti := pod.Spec.Affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution
	for name, selector := range map[string]*meta.LabelSelector{
		"deployment": all.deployment.Spec.Selector, "budget": all.budget.Spec.Selector, "affinity": anti[0].LabelSelector,
	} {
		s, err := meta.LabelSelectorAsSelector(selector)
		if err != nil || s.Empty() || !s.Matches(labels.Set(pod.Labels)) {
			t.Errorf("%s does not select the pods: %v, %v", name, s, err)
		}
	}
	if *all.deployment.Spec.Replicas < 2 || anti[0].TopologyKey != core.LabelHostname || !pod.Spec.HostNetwork {
		t.Error("not several replicas, each on a node of its own, in the node's network")
	}
	container := pod.Spec.Containers[0]
	var settings struct {
		Drain   time.Duration
		Metrics string
	}
	if err := yaml.Unmarshal([]byte(all.settings.Data["responder.yaml"]), &settings); err != nil {
		t.Fatal(err)
	}
	stop := time.Duration(*pod.Spec.TerminationGracePeriodSeconds) * time.Second
	if longest := 10 * time.Minute; settings.Drain <= longest || stop <= settings.Drain+time.Duration(container.Lifecycle.PreStop.Sleep.Seconds)*time.Second {
		t.Errorf("a call of %v, drain %v, killed after %v", longest, settings.Drain, stop)
	}
	for _, probe := range []*core.Probe{container.ReadinessProbe, container.LivenessProbe} {
		if at := probe.HTTPGet.Host + ":" + probe.HTTPGet.Port.String(); at != settings.Metrics {
			t.Errorf("the probe asks %s, health is at %s", at, settings.Metrics)
		}
	}
	volumes := map[string]bool{}
	for _, volume := range pod.Spec.Volumes {
		volumes[volume.Name] = true
		if volume.ConfigMap != nil && volume.ConfigMap.Name != all.settings.Name {
			t.Errorf("there is no ConfigMap %s", volume.ConfigMap.Name)
		}
	}
	for _, mount := range container.VolumeMounts {
		if !volumes[mount.Name] {
			t.Errorf("there is no volume %s", mount.Name)
		}
	}
}
