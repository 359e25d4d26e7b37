# SPDX-License-Identifier: LGPL-2.1-or-later
"""The last words of a boot that failed, as dracut's emergency hook writes them: the reason, and where dracut opens no
shell because root is locked, what opens one.

The hook runs in a mount namespace with files of the test's own for /etc/profile, /etc/shadow, /proc/consoles and
/bin/dracut-emergency. Needs root.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import tap  # noqa: E402

_HOOK = pathlib.Path(os.environ["BOOTFERRY_SOURCE"]) / "initrd-generator/dracut/bootferry-reason.sh"
_REASON = "fetching http://10.0.2.2/live.iso: server answered 404 Not Found"

# $0: the hook, $1: a folder. What dracut-emergency does, with its getargbool for one argument.
_EMERGENCY = r"""
set -e
mount -t tmpfs tmpfs /run
mkdir /run/bootferry
cp "$1/failure" /run/bootferry/failure
for file in etc/profile etc/shadow proc/consoles; do
    mount --bind "$1/$(basename $file)" "/$file"
done
mount -t overlay -o "lowerdir=$1/bin:/usr/bin" overlay /usr/bin
set +e
getargbool() {
    if [ "$2" = rd.shell ]; then
        [ "$shell" != no ]
    else
        [ "$2" = SYSTEMD_SULOGIN_FORCE ] && [ "$force" = yes ]
    fi
}
. "$0"
. /etc/profile
"""
_OLD = "#!/bin/sh\nexec sulogin -e\n"  # dracut 059
_NEW = "#!/bin/sh\nif getargbool 0 SYSTEMD_SULOGIN_FORCE; then exec sulogin -e; else exec sulogin; fi\n"


@unittest.skipUnless(os.geteuid() == 0, "needs root: a mount namespace of its own")
class LastWords(unittest.TestCase):
    def say(self, shadow, *, dracut=_NEW, hook="emergency", **settings):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder)
            (path / "bin").mkdir()
            for name, text in {"failure": _REASON, "profile": "", "shadow": shadow, "console": "",
                               "consoles": f"../{folder}/console -W- (EC p  ) 4:64\n", "bin/dracut-emergency": dracut}.items():
                (path / name).write_text(text)
            done = subprocess.run(["unshare", "--mount", "sh", "-c", _EMERGENCY, _HOOK, folder], capture_output=True, text=True,
                                  env={**os.environ, "hook": hook, **settings}, timeout=60)
            self.assertEqual(done.stderr, "")
            text = (path / "console").read_text()
        self.assertIn(_REASON, text)
        self.assertEqual(text.count(_REASON), 1, text)
        return text

    def test_a_locked_root_is_told_what_opens_a_shell(self):
        for password in ("!", "!*", "*", "!unprovisioned", "!$y$j9T$x$y"):
            text = self.say(f"daemon:*:1::::::\nroot:{password}:1::::::\n")
            for words in ("root account of this initrd is locked", "SYSTEMD_SULOGIN_FORCE=1",
                          'bootferry_emergency_shell="yes"'):
                self.assertIn(words, text, password)

    def test_nothing_is_said_where_a_shell_is_opened(self):
        locked = "root:!:1::::::\n"
        for what in (self.say("root:$y$j9T$x$y:1::::::\n"), self.say("root::1::::::\n"), self.say(locked, dracut=_OLD),
                     self.say(locked, force="yes"), self.say("root:$y$x:1::::::\nother:!:1::::::\n")):
            self.assertNotIn("locked", what)

    def test_without_a_shell_nothing_is_said_of_one(self):
        text = self.say("root:!:1::::::\n", hook="shutdown-emergency", shell="no")
        self.assertNotIn("locked", text)


if __name__ == "__main__":
    tap.main()
