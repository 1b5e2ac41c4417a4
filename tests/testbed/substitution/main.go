// Prints what Flux's own code makes of objects with variables: for each line of JSON on standard input, such as
//
//	{"variables": {"A": "b"}, "strict": true, "always": false, "object": {…}}
//
// the same with the text that variables are put into ("text"), and what becomes of the object ("result") or why it is refused ("error").
// What it printed once may be its input.
package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/fluxcd/pkg/kustomize"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/provider"
)

type step struct {
	Variables map[string]any  `json:"variables"`
	Strict    bool            `json:"strict,omitempty"`
	Always    bool            `json:"always,omitempty"`
	Object    map[string]any  `json:"object"`
	Text      string          `json:"text"`
	Result    json.RawMessage `json:"result,omitempty"`
	Error     string          `json:"error,omitempty"`
}

func (one *step) run() (err error) {
	// Some forms are out of bounds in Go, which ends a reconciliation as an error does.
	defer func() {
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("%v", panicked)
		}
	}()
	resource, err := provider.NewDefaultDepProvider().GetResourceFactory().FromMap(one.Object)
	if err != nil {
		return err
	}
	text, err := resource.AsYAML()
	if err != nil {
		return err
	}
	one.Text = string(text)
	owner := unstructured.Unstructured{Object: map[string]any{
		"spec": map[string]any{"postBuild": map[string]any{"substitute": one.Variables}},
	}}
	_, err = kustomize.SubstituteVariables(context.Background(), nil, owner, resource,
		kustomize.SubstituteWithDryRun(true), kustomize.SubstituteWithStrict(one.Strict), kustomize.SubstituteWithAlways(one.Always))
	if err != nil {
		return err
	}
	one.Result, err = resource.MarshalJSON()
	return err
}

func (one *step) reset() {
	one.Text, one.Result, one.Error = "", nil, ""
}

func (one *step) refuse(why string) {
	one.Error = why
}

func main() {
	each[step]()
}
