package cluster

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestAddresses(t *testing.T) {
	for _, tt := range []struct {
		url  string
		want Address
		text string
	}{
		{"redis://localhost", Address{Hosts: []string{"localhost:6379"}}, "redis://localhost:6379/0"},
		{"redis://h:7000/3", Address{Hosts: []string{"h:7000"}, Database: 3}, "redis://h:7000/3"},
		{"redis://h?db=3", Address{Hosts: []string{"h:6379"}, Database: 3}, "redis://h:6379/3"},
		{"redis://:s%2Fec%40ret@[::1]:7000", Address{Hosts: []string{"[::1]:7000"}, Password: "s/ec@ret"}, "redis://[::1]:7000/0"},
		{"redis://shop:a@b:c@h/1", Address{Hosts: []string{"h:6379"}, User: "shop", Password: "a@b:c", Database: 1}, "redis://h:6379/1"},
		{"redis://u:a#b@h", Address{Hosts: []string{"h:6379"}, User: "u", Password: "a#b"}, "redis://h:6379/0"},
		{"redis://[fe80::1]/1", Address{Hosts: []string{"[fe80::1]:6379"}, Database: 1}, "redis://[fe80::1]:6379/1"},
		{"unix:///run/redis/s", Address{Hosts: []string{"/run/redis/s"}, Unix: true}, "unix:///run/redis/s"},
		{"unix://:pw@/run/s?db=2", Address{Hosts: []string{"/run/s"}, Unix: true, Password: "pw", Database: 2}, "unix:///run/s"},
		{"redis+sentinel://u:p@a,b:7/shop/2?sentinel_password=x",
			Address{Hosts: []string{"a:26379", "b:7"}, Master: "shop", User: "u", Password: "p", Database: 2, SentinelPassword: "x"},
			"redis+sentinel://a:26379,b:7/shop/2"},
	} {
		got, err := ParseAddress(tt.url)
		if err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: got %v, %v", tt.url, struct{ Address }{got}, err)
		}
		for _, verb := range []string{"%v", "%s", "%#v"} {
			if text := fmt.Sprintf(verb, got); text != tt.text {
				t.Errorf("%s with %s is %s, want %s", tt.url, verb, text, tt.text)
			}
		}
	}
}

func TestEncryptedAddress(t *testing.T) {
	a, err := ParseAddress("rediss://h?server_name=redis.example")
	if err != nil || a.TLS == nil || a.TLS.ServerName != "redis.example" || a.TLS.InsecureSkipVerify {
		t.Error(a, err)
	}
	if _, err := ParseAddress("rediss://h?ca=/nowhere/ca.pem"); err == nil || !strings.Contains(err.Error(), "/nowhere/ca.pem") {
		t.Error(err)
	}
}

func TestWrongAddresses(t *testing.T) {
	for _, url := range []string{
		"", "localhost:6379", "http://secret@h", "redis://", "redis://h:secret", "redis://u:secret/x@h",
		"redis://u:secret?x@h", "redis://u:%zzsecret@h",
		"redis://secret@h", "redis://h/secret", "redis://h?secret=1", "redis://h?db=secret", "redis://a,b", "unix://secret/s", "unix://",
		"redis+sentinel://h", "redis+sentinel://h/secret/secret", "redis://u:sec:ret@::1", "redis://h:0", "redis://h:65536",
	} {
		a, err := ParseAddress(url)
		if err == nil {
			t.Errorf("%s is taken for %v", url, a)
		} else if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "zz") {
			t.Errorf("%s: the error has a part of it: %v", url, err)
		}
	}
}
