#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tools/setup.sh on a machine that is not there: apt and dpkg are replaced by programs that note how they were called."""
import os
import pathlib
import shutil
import stat
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BOOKWORM = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_CODENAME=bookworm\nID=debian\n'
TRIXIE = 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nVERSION_CODENAME=trixie\nID=debian\n'

# $STATE: a folder. installed: what dpkg-query finds; kernel: the version that the archive has; offline: no lists can be had.
FAKES = {
    "id": 'echo 1000',
    # As the real one's env_reset: none of the caller's variables arrives but what the test needs itself.
    "sudo": 'echo "sudo $*" >>"$STATE/calls"; exec env -i PATH="$PATH" STATE="$STATE" "$@"',
    "dpkg-query": 'grep -qx "${*: -1}" "$STATE/installed" && echo "ii "',
    "apt-get": '''
        echo "apt-get frontend=${DEBIAN_FRONTEND:-} $*" >>"$STATE/calls"
        case " $* " in
        *" install "*) sleep "$(cat "$STATE/slow")"; for name; do echo "$name"; done >>"$STATE/installed" ;;
        *" update "*) [[ ! -e $STATE/offline ]] ;;
        *" download "*)
            wanted=${*: -1} version=${wanted#*=}
            touch "${wanted%%=*}_${version//:/%3a}_arm64.deb" ;;
        esac''',
    "apt-cache": '''
        name=${*: -1} kernel=$(cat "$STATE/kernel")
        case " $* " in
        *" depends "*) echo linux-image-arm64; echo "  Depends: linux-image-$kernel-arm64" ;;
        *" show "*) echo "Package: $name"; echo "Version: 1:$kernel" ;;
        esac''',
    "dpkg-deb": '''
        echo "dpkg-deb $*" >>"$STATE/calls"
        [[ -e $2 ]] || exit 1
        case $2 in
        *linux-image-*) name=${2##*/linux-image-}; name=${name%%_*}
            mkdir -p "$3/boot" "$3/usr/lib/linux-image-$name"; touch "$3/boot/vmlinuz-$name" "$3/boot/config-$name" ;;
        esac''',
}


class Setup(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="bulkhead-setup-")
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        self.tree, self.state = self.directory / "tree", self.directory / "state"
        (self.tree / "tools").mkdir(parents=True)
        shutil.copy(ROOT / "tools" / "setup.sh", self.tree / "tools")
        self.state.mkdir()
        for name, text in {"installed": "", "kernel": "6.1.0-9", "os-release": BOOKWORM, "calls": "", "slow": "0"}.items():
            (self.state / name).write_text(text)
        for name, script in FAKES.items():
            path = self.directory / "bin" / name
            path.parent.mkdir(exist_ok=True)
            path.write_text("#!/usr/bin/env bash\n" + script + "\n")
            path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def run_setup(self, *arguments, status=0):
        """@return all that it printed"""
        environment = {"PATH": f"{self.directory / 'bin'}:{os.environ['PATH']}", "HOME": str(self.directory), "STATE": str(self.state),
                       "BULKHEAD_CACHE": str(self.directory / "cache"), "BULKHEAD_OS_RELEASE": str(self.state / "os-release")}
        (self.state / "calls").write_text("")
        result = subprocess.run([self.tree / "tools" / "setup.sh", *arguments], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                stdin=subprocess.DEVNULL, text=True, timeout=120, check=False)
        self.assertEqual(result.returncode, status, result.stdout)
        return result.stdout

    def calls(self):
        return (self.state / "calls").read_text()

    def a_day_passes(self):
        past = (self.directory / "cache" / "apt" / "available").stat().st_mtime - 2 * 86400
        os.utime(self.directory / "cache" / "apt" / "available", (past, past))

    def kernel(self):
        return os.readlink(self.tree / "build" / "deps" / "Image")

    def test_bare_machine(self):
        text = self.run_setup()
        self.assertRegex(text, r"setup: installing \d+ packages, which takes some minutes: build-essential ")
        self.assertTrue(text.endswith("setup: ready\n"), text)
        self.assertRegex(self.calls(), r"apt-get frontend=noninteractive .*install -y")

    def test_second_run_does_nothing(self):
        self.run_setup()
        self.assertEqual(self.run_setup(), "setup: ready\n")
        self.assertEqual(self.calls(), "")

    def test_link_is_relative_and_survives_a_move(self):
        self.run_setup()
        self.assertEqual(self.kernel(), "arm64/boot/vmlinuz-6.1.0-9-arm64")
        self.tree.rename(self.directory / "moved")
        self.assertTrue((self.directory / "moved" / "build" / "deps" / "Image").exists())

    def test_newer_kernel_arrives_in_an_old_tree(self):
        self.run_setup()
        (self.state / "kernel").write_text("6.1.0-57")
        self.run_setup()
        self.assertEqual(self.kernel(), "arm64/boot/vmlinuz-6.1.0-9-arm64", "not looked for twice a day")
        self.a_day_passes()
        self.assertIn("unpacking linux-image-6.1.0-57-arm64=1:6.1.0-57", self.run_setup())
        self.assertEqual(self.kernel(), "arm64/boot/vmlinuz-6.1.0-57-arm64", "57 is newer than 9")
        left = sorted(path.name for path in (self.tree / "build" / "deps" / "arm64").rglob("*6.1.0*"))
        self.assertEqual(left, ["config-6.1.0-57-arm64", "linux-image-6.1.0-57-arm64", "vmlinuz-6.1.0-57-arm64"])

    def test_tree_of_before_versions_were_noted(self):
        self.run_setup()
        for mark in (self.tree / "build" / "deps" / ".unpacked").iterdir():
            mark.write_text("")
        self.assertIn("unpacking linux-image", self.run_setup())
        self.assertEqual(self.run_setup(), "setup: ready\n")

    def test_offline(self):
        (self.state / "offline").touch()
        self.assertIn("apt-get update failed", self.run_setup(status=1))
        (self.state / "offline").unlink()
        self.run_setup()
        (self.state / "offline").touch()
        self.a_day_passes()
        self.assertIn("those of before stay", self.run_setup())
        self.assertEqual(self.run_setup(), "setup: ready\n")

    def test_offline_with_packages_installed(self):
        self.run_setup()
        shutil.rmtree(self.tree / "build")
        shutil.rmtree(self.directory / "cache")
        (self.state / "offline").touch()
        self.assertIn("lists of arm64 packages cannot be read", self.run_setup(status=1))

    def test_another_system(self):
        (self.state / "os-release").write_text(TRIXIE)
        self.assertIn("found Debian GNU/Linux 13 (trixie)", self.run_setup(status=1))
        self.assertEqual(self.calls(), "")
        self.run_setup("--any-system")
        (self.state / "os-release").unlink()
        self.assertIn("no /etc/os-release", self.run_setup(status=1))

    def test_says_that_it_goes_on(self):
        (self.state / "slow").write_text("21")
        self.assertRegex(self.run_setup(), r"setup: still installing, 20 s")

    def test_bench(self):
        self.run_setup()
        self.assertIn("unpacking xen-hypervisor-4.17-arm64=", self.run_setup("--bench"))

    def test_options(self):
        self.assertIn("--any-system", self.run_setup("--help"))
        self.assertIn("no such option", self.run_setup("--nonsense", status=1))
        self.assertEqual(self.calls(), "")


class Help(unittest.TestCase):
    def test_each_script_helps(self):
        """And does nothing else: no network, no build."""
        for name in ("setup.sh", "test.sh", "demo.sh"):
            result = subprocess.run([ROOT / "tools" / name, "--help"], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, timeout=10, check=True)
            self.assertIn(f"tools/{name} ", result.stdout)
            self.assertLess(result.stdout.count("\n"), 25)


if __name__ == "__main__":
    unittest.main()
