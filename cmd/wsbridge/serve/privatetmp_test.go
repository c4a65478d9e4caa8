package serve

import "testing"

func TestPrivateTmp(t *testing.T) {
	const (
		root    = "29 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
		tmpfs   = "35 29 0:31 / /tmp rw,nosuid shared:15 - tmpfs tmpfs rw\n"
		onDisk  = "90 29 8:1 /tmp/systemd-private-6c1f-wsbridge.service-aBcDeF/tmp /tmp rw shared:1 - ext4 /dev/sda1 rw\n"
		onTmpfs = "91 35 0:31 /systemd-private-6c1f-wsbridge.service-aBcDeF/tmp /tmp rw shared:15 - tmpfs tmpfs rw\n"
		varTmp  = "92 29 8:1 /var/tmp/systemd-private-6c1f-wsbridge.service-gHiJkL/tmp /var/tmp rw - ext4 /dev/sda1 rw\n"
		inside  = "93 90 0:40 / /tmp/shared rw - tmpfs tmpfs rw\n"
	)
	for name, test := range map[string]struct{ mounts, file, want string }{
		"on the disk of /":        {root + onDisk + varTmp, "/tmp/xhr_pipe", "/tmp"},
		"on a tmpfs":              {root + tmpfs + onTmpfs, "/tmp/push/../xhr_pipe", "/tmp"},
		"in /var/tmp":             {root + onDisk + varTmp, "/var/tmp/xhr_pipe", "/var/tmp"},
		"elsewhere":               {root + onDisk + varTmp, "/run/wsbridge/pipe", ""},
		"a name that begins so":   {root + onDisk + varTmp, "/tmp2/xhr_pipe", ""},
		"the machine's own":       {root + tmpfs, "/tmp/xhr_pipe", ""},
		"hidden by a later mount": {root + onDisk + tmpfs, "/tmp/xhr_pipe", ""},
		"another mount inside":    {root + onDisk + inside, "/tmp/shared/pipe", ""},
		"no mounts":               {"", "/tmp/xhr_pipe", ""},
		"not mountinfo":           {"/ /tmp\n", "/tmp/xhr_pipe", ""},
	} {
		if got := privateTmp(test.mounts, test.file); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}
