# SPDX-License-Identifier: Apache-2.0
"""A client of QEMU's gdb stub: as much of its protocol as the tests need. The machine stands still while one is connected."""
import re
import socket

REGISTERS = {**{f"x{i}": i for i in range(31)}, "sp": 31, "pc": 32}


class Stub:
    """with Stub(path) as stub: ...; the machine goes on behind it."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        self.socket.connect(path)
        self.buffer = b""
        self.command("?", stop=True)
        self.command("qXfer:features:read:target.xml:0,100")  # without, single registers cannot be set

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.command("D")
        self.socket.close()

    def byte(self):
        if not self.buffer:
            self.buffer = self.socket.recv(65536)
            if not self.buffer:
                raise EOFError("the gdb stub has gone")
        first, self.buffer = self.buffer[:1], self.buffer[1:]
        return first

    def command(self, text, stop=False):
        """Sends a packet; returns the answer to it, which is that the machine has stopped only with @stop."""
        self.socket.sendall(b"$" + text.encode() + b"#" + b"%02x" % (sum(text.encode()) % 256))
        answer = self.answer()
        while answer.startswith("T") != stop:
            answer = self.answer()
        return answer

    def answer(self):
        while self.byte() != b"$":
            pass
        answer = b""
        while (byte := self.byte()) != b"#":
            answer += byte
        self.byte(), self.byte()
        self.socket.sendall(b"+")
        return answer.decode()

    def confirm(self, text):
        answer = self.command(text)
        if answer != "OK":
            raise RuntimeError(f"gdb stub: {text}: {answer!r}")

    def select(self, cpu):
        """The CPU that the following is about."""
        self.confirm(f"Hg{cpu + 1:x}")

    def run_to(self, cpu, address):
        """Lets the machine go on until @cpu, which is selected then, is at @address."""
        self.confirm(f"Z1,{address:x},4")
        while int(re.search("thread:p?([0-9a-f.]+);", self.command("c", stop=True))[1].split(".")[-1], 16) != cpu + 1:
            pass
        self.confirm(f"z1,{address:x},4")
        self.select(cpu)

    def physical(self):
        """Addresses are physical ones from here on."""
        self.confirm("Qqemu.PhyMemMode:1")

    def read(self, address, size):
        """Memory as the CPU would read it; None where it would fault."""
        answer = self.command(f"m{address:x},{size:x}")
        return None if answer.startswith("E") else bytes.fromhex(answer)

    def set(self, register, value):
        self.confirm(f"P{REGISTERS[register]:x}={value.to_bytes(8, 'little').hex()}")
