// Prints what flux-operator's own code makes of a ResourceSet: for each line of JSON on standard input, such as
//
//	{"set": {…}, "providers": [{…}]}
//
// the same with the objects ("objects") or why there are none ("error"). A provider is one of type Static: its inputs are its default values, as
// the operator exports them. What it printed once may be its input. It is built inside of flux-operator's module, whose packages are internal.
package main

import (
	"encoding/json"

	ssautil "github.com/fluxcd/pkg/ssa/utils"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	fluxcdv1 "github.com/controlplaneio-fluxcd/flux-operator/api/v1"
	"github.com/controlplaneio-fluxcd/flux-operator/internal/builder"
	"github.com/controlplaneio-fluxcd/flux-operator/internal/inputs"
)

type step struct {
	Set       json.RawMessage   `json:"set"`
	Providers []json.RawMessage `json:"providers,omitempty"`
	Objects   []map[string]any  `json:"objects,omitempty"`
	Error     string            `json:"error,omitempty"`
}

func (one *step) run() error {
	var set fluxcdv1.ResourceSet
	if err := json.Unmarshal(one.Set, &set); err != nil {
		return err
	}
	set.SetGroupVersionKind(fluxcdv1.GroupVersion.WithKind(fluxcdv1.ResourceSetKind))
	providers := map[inputs.ProviderKey]fluxcdv1.InputProvider{}
	for _, raw := range one.Providers {
		var provider fluxcdv1.ResourceSetInputProvider
		if err := json.Unmarshal(raw, &provider); err != nil {
			return err
		}
		provider.SetGroupVersionKind(fluxcdv1.GroupVersion.WithKind(fluxcdv1.ResourceSetInputProviderKind))
		defaults, err := provider.GetDefaultInputs()
		if err != nil {
			return err
		}
		exported, err := fluxcdv1.NewResourceSetInput(defaults, map[string]any{"id": inputs.ID(string(provider.GetUID()))})
		if err != nil {
			return err
		}
		provider.Status.ExportedInputs = []fluxcdv1.ResourceSetInput{exported}
		providers[inputs.NewProviderKey(&provider)] = &provider
	}
	if err := builder.ValidateResourceSetSpec(set.Spec); err != nil {
		return err
	}
	combined, err := inputs.Combine(&set, providers)
	if err != nil {
		return err
	}
	if len(set.Spec.InputsFrom) > 0 && len(combined) == 0 {
		return nil
	}
	steps, err := builder.BuildResourceSetFromSpec(set.Spec, combined)
	if err != nil {
		return err
	}
	objects := builder.FlattenSteps(steps)
	if common := set.Spec.CommonMetadata; common != nil {
		ssautil.SetCommonMetadata(objects, common.Labels, common.Annotations)
	}
	for _, object := range objects {
		one.Objects = append(one.Objects, (*unstructured.Unstructured)(object).Object)
	}
	return nil
}

func (one *step) reset() {
	one.Objects, one.Error = nil, ""
}

func (one *step) refuse(why string) {
	one.Error = why
}

func main() {
	each[step]()
}
