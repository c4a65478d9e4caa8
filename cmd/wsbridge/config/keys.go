package config

import "reflect"

// fields returns a pointer to each of cfg's values by its key in the TOML file, such as "server.listen".
func fields(cfg *Config) map[string]any {
	byKey := map[string]any{}
	for section, fv := range tagged(reflect.ValueOf(cfg).Elem()) {
		for name, v := range tagged(fv) {
			byKey[section+"."+name] = v.Addr().Interface()
		}
	}
	return byKey
}

// tagged returns a struct's fields by their TOML name.
func tagged(v reflect.Value) map[string]reflect.Value {
	byName := map[string]reflect.Value{}
	for f, fv := range v.Fields() {
		if name := f.Tag.Get("toml"); name != "-" {
			byName[name] = fv
		}
	}
	return byName
}
