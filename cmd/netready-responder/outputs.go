package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"slices"
	"strings"

	"netready/probe/invite"
)

// stack is a responder that CloudFormation or Terraform started in a region, by its outputs
// (deploy/).
type stack struct {
	region string
	host   string // host:port
	place  string // where its invite is
	from   string // file and field, for errors
}

// largestOutputs bounds a file of outputs: a hundred stacks are some 200 KB.
const largestOutputs = 16 << 20

// The names of the outputs, as CloudFormation has them; Terraform's are the same in
// small letters with _.
const (
	outputRegion = "Region"
	outputHost   = "Responder"
	outputPlace  = "InvitePlace"
)

// readStacks reads what "aws cloudformation describe-stacks" or "terraform output
// -json" printed into a file.
func readStacks(path string) ([]stack, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the stacks' outputs: %w", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, largestOutputs+1))
	if err != nil {
		return nil, fmt.Errorf("reading the stacks' outputs: %w", err)
	}
	if len(text) > largestOutputs {
		return nil, fmt.Errorf("%s is larger than %d MB: give what one command printed", path, largestOutputs>>20)
	}
	var top map[string]json.RawMessage
	if err := json.Unmarshal(bytes.TrimPrefix(text, []byte("\ufeff")), &top); err != nil {
		return nil, fmt.Errorf("%s is not JSON as aws cloudformation describe-stacks and terraform output -json print it: %w", path, err)
	}
	stacks, err := stacksIn(path, top)
	if err == nil && len(stacks) == 0 {
		err = fmt.Errorf("%s has no outputs of a responder (%s, %s, %s): give what aws cloudformation describe-stacks or terraform output -json printed", path, outputRegion, outputHost, outputPlace)
	}
	return stacks, err
}

func stacksIn(path string, top map[string]json.RawMessage) ([]stack, error) {
	if list, ok := top["Stacks"]; ok {
		return ofCloudFormation(path, list)
	}
	return ofTerraform(path, top)
}

// ofCloudFormation finds the responders among the stacks of an account; other stacks are
// ignored.
func ofCloudFormation(path string, list json.RawMessage) (found []stack, err error) {
	var stacks []struct {
		Name    string `json:"StackName"`
		Status  string `json:"StackStatus"`
		Outputs []struct {
			Key   string `json:"OutputKey"`
			Value string `json:"OutputValue"`
		} `json:"Outputs"`
	}
	if err := json.Unmarshal(list, &stacks); err != nil {
		return nil, fmt.Errorf("%s: Stacks: %w", path, err)
	}
	for i, s := range stacks {
		at := fmt.Sprintf("%s: Stacks[%d] (%s)", path, i, s.Name)
		outputs := map[string]string{}
		for _, o := range s.Outputs {
			outputs[o.Key] = o.Value
		}
		if outputs[outputHost] == "" && outputs[outputPlace] == "" {
			continue
		}
		if status := s.Status; !strings.HasSuffix(status, "_COMPLETE") || strings.HasPrefix(status, "DELETE") {
			return nil, fmt.Errorf("%s: StackStatus is %s: wait until the stack is complete, or leave it out", at, status)
		}
		one, err := newStack(at+".Outputs", outputs, strings.Clone)
		if err != nil {
			return nil, err
		}
		found = append(found, one)
	}
	return found, nil
}

// ofTerraform finds the responders among the outputs of a root module: its own, or those of
// modules that an output contains, alone or in a map.
func ofTerraform(path string, top map[string]json.RawMessage) ([]stack, error) {
	values := map[string]any{}
	for name, raw := range top {
		var output struct {
			Value *any `json:"value"`
		}
		if err := json.Unmarshal(raw, &output); err != nil || output.Value == nil {
			return nil, fmt.Errorf("%s: %s has no value: give what terraform output -json printed", path, name)
		}
		values[name] = *output.Value
	}
	return within(path, "", values, 3)
}

// within looks for the outputs of responders in values, so many levels deep.
func within(path, field string, values map[string]any, levels int) (found []stack, err error) {
	outputs := map[string]string{}
	for _, key := range []string{outputRegion, outputHost, outputPlace} {
		if text, ok := values[snakeCase(key)].(string); ok {
			outputs[key] = text
		}
	}
	if outputs[outputHost] != "" || outputs[outputPlace] != "" {
		one, err := newStack(strings.TrimSuffix(path+": "+field, ": "), outputs, snakeCase)
		return []stack{one}, err
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		below, ok := values[name].(map[string]any)
		if !ok || levels == 0 {
			continue
		}
		more, err := within(path, strings.TrimPrefix(field+"."+name, "."), below, levels-1)
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	return found, nil
}

func snakeCase(key string) string {
	if key == outputPlace {
		return "invite_place"
	}
	return strings.ToLower(key)
}

// newStack checks the outputs; written gives their names as the file has them.
func newStack(at string, outputs map[string]string, written func(string) string) (stack, error) {
	for _, key := range []string{outputRegion, outputHost, outputPlace} {
		if outputs[key] == "" {
			return stack{}, fmt.Errorf("%s: %s is missing: update the stack with the template of this release", at, written(key))
		}
	}
	s := stack{region: outputs[outputRegion], host: outputs[outputHost], place: outputs[outputPlace], from: at}
	_, _, err := net.SplitHostPort(s.host)
	if err := errors.Join(err, invite.CheckHost(s.host)); err != nil {
		return stack{}, fmt.Errorf("%s: %s %q is not host:port", at, written(outputHost), s.host)
	}
	if strings.ContainsAny(s.region, `/\`) || s.region == ".." {
		return stack{}, fmt.Errorf("%s: %s %q is not a region", at, written(outputRegion), s.region)
	}
	return s, nil
}
