// Command verdicts says what GitOps tools make of objects: kstatus, which
// decides for Flux and for Helm's --wait, and Argo CD's health scripts, run by
// the engine and with the few libraries that Argo CD gives them. Questions
// come as a JSON array on standard input, answers go to standard output.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
)

type question struct {
	Object json.RawMessage `json:"object"`
	// Health is a Lua script, or empty.
	Health string `json:"health"`
}

type verdict struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

type answer struct {
	Kstatus verdict `json:"kstatus"`
	Health  verdict `json:"health"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	var questions []question
	if err := json.NewDecoder(os.Stdin).Decode(&questions); err != nil {
		return fmt.Errorf("reading questions: %w", err)
	}
	answers := make([]answer, len(questions))
	for i, question := range questions {
		var err error
		if answers[i], err = answerTo(question); err != nil {
			return fmt.Errorf("question %d: %w", i, err)
		}
	}
	return json.NewEncoder(os.Stdout).Encode(answers)
}

func answerTo(question question) (answer, error) {
	// As a client reads it: whole numbers are int64.
	object := map[string]any{}
	if err := utiljson.Unmarshal(question.Object, &object); err != nil {
		return answer{}, err
	}
	computed, err := status.Compute(&unstructured.Unstructured{Object: object})
	if err != nil {
		return answer{}, err
	}
	known := verdict{Status: computed.Status.String(), Message: computed.Message}
	if question.Health == "" {
		return answer{Kstatus: known}, nil
	}
	health, err := healthOf(object, question.Health)
	return answer{Kstatus: known, Health: health}, err
}

func healthOf(object map[string]any, script string) (verdict, error) {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for name, open := range map[string]lua.LGFunction{
		lua.LoadLibName: lua.OpenPackage,
		lua.BaseLibName: lua.OpenBase,
		lua.TabLibName:  lua.OpenTable,
	} {
		call := lua.P{Fn: state.NewFunction(open), Protect: true}
		if err := state.CallByParam(call, lua.LString(name)); err != nil {
			return verdict{}, err
		}
	}
	state.SetGlobal("obj", valueOf(state, object))
	if err := state.DoString(script); err != nil {
		return verdict{}, err
	}
	table, isTable := state.Get(-1).(*lua.LTable)
	if !isTable {
		return verdict{}, fmt.Errorf("the script returned a %s", state.Get(-1).Type())
	}
	text := func(key string) string { return lua.LVAsString(table.RawGetString(key)) }
	return verdict{Status: text("status"), Message: text("message")}, nil
}

func valueOf(state *lua.LState, value any) lua.LValue {
	switch value := value.(type) {
	case bool:
		return lua.LBool(value)
	case float64:
		return lua.LNumber(value)
	case int64:
		return lua.LNumber(value)
	case string:
		return lua.LString(value)
	case []any:
		table := state.CreateTable(len(value), 0)
		for _, item := range value {
			table.Append(valueOf(state, item))
		}
		return table
	case map[string]any:
		table := state.CreateTable(0, len(value))
		for key, item := range value {
			table.RawSetString(key, valueOf(state, item))
		}
		return table
	default:
		return lua.LNil
	}
}
