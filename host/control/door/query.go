package door

import (
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// queryArgs makes JSON of a type of arguments out of a query string.
func queryArgs(t reflect.Type, q url.Values) ([]byte, error) {
	fields, names := map[string]reflect.Type{}, []string{}
	for i := range t.NumField() {
		name := jsonName(t.Field(i))
		fields[name], names = t.Field(i).Type, append(names, name)
	}
	args := map[string]any{}
	for name, values := range q { // order does not matter: JSON sorts the keys
		f, ok := fields[name]
		if !ok {
			return nil, fmt.Errorf("unknown field %q: want %s", printable(name), cmpNames(names))
		}
		v, err := queryValue(f, values)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", name, err)
		}
		args[name] = v
	}
	return json.Marshal(args)
}

func cmpNames(names []string) string {
	if len(names) == 0 {
		return "no fields"
	}
	return "one of " + strings.Join(slices.Sorted(slices.Values(names)), ", ")
}

// jsonName is what a field is called in JSON.
func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

func queryValue(t reflect.Type, values []string) (any, error) {
	if t.Kind() == reflect.Slice {
		var out []string
		for _, v := range values {
			out = append(out, strings.Split(v, ",")...)
		}
		return out, nil
	}
	if len(values) != 1 {
		return nil, fmt.Errorf("given %d times: want it once", len(values))
	}
	v := values[0]
	switch {
	case t == reflect.TypeFor[time.Time]():
		at, err := time.Parse(time.RFC3339Nano, v)
		if err != nil {
			return nil, fmt.Errorf("%q: want a time such as 2026-01-02T15:04:05Z", printable(v))
		}
		return at, nil
	case t.Kind() == reflect.String:
		return v, nil
	case t.Kind() == reflect.Bool:
		b, err := strconv.ParseBool(v)
		if err != nil {
			return nil, fmt.Errorf("%q: want true or false", printable(v))
		}
		return b, nil
	case t.Kind() == reflect.Int, t.Kind() == reflect.Uint64:
		// Only digits are JSON's too.
		if _, err := strconv.ParseInt(v, 10, 64); err != nil {
			if _, err := strconv.ParseUint(v, 10, 64); err != nil {
				return nil, fmt.Errorf("%q: want a whole number", printable(v))
			}
		}
		return json.Number(strings.TrimPrefix(v, "+")), nil
	}
	return nil, fmt.Errorf("it can't stand in an address: send it with POST")
}
