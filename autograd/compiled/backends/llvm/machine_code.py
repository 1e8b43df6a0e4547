"""From the text of a module to functions that run: compiled by LLVM, and kept on disk for the next process (see `code_cache`)."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

from autograd._runtime.temporary import During, Temporary
from autograd.compiled.backends.llvm import code_cache
from autograd.compiled.backends.llvm.text import Module

FORMAT = 1
"""Changed when kernels are called in another way, so that older ones on disk are not used."""

VECTORS = "SCALAR_AUTOGRAD_VECTORS"
"""The environment variable that asks for the vectors of a lesser processor."""

PROCESSORS = {"sse2": ("x86-64", 2), "avx2": ("haswell", 4)}
"""What it may be: the processor for which kernels are compiled then, and the lanes of its vectors."""

_LOCK = threading.RLock()


class _Held(Temporary[None]):
    """The lock, for the time of a `with` statement: one of its own would keep it if an interrupt came at its end."""

    def do(self) -> None:
        """See `Temporary`."""
        _LOCK.acquire()

    def undo(self) -> None:
        """See `Temporary`. If an interrupt came before `do`, or this is called twice, the lock is not held."""
        try:
            _LOCK.release()
        except RuntimeError:
            return


def _holding() -> During[None]:
    return During(_Held)


_ADDRESSES: dict[str, int] = {}
"""The functions that this process has loaded, by the hash of their text."""


class _Processor:
    """The processor on which kernels run, and the engine that has loaded them."""

    def __init__(self) -> None:
        import llvmlite.binding as llvm

        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        self.llvm = llvm
        self.features = llvm.get_host_cpu_features()
        asked = os.environ.get(VECTORS, "")
        if asked in PROCESSORS:
            (self.name, self.lanes), self.flags = PROCESSORS[asked], ""
        else:
            self.name, self.flags = llvm.get_host_cpu_name(), self.features.flatten()
            self.lanes = 8 if self.features.get("avx512f") else 4 if self.features.get("avx") else 2
        self.triple = llvm.Target.from_default_triple().triple
        self.target = self._new_target()
        self.engine = self.new_engine()
        self.version = f"{FORMAT} {llvm.llvm_version_info} {self.triple} {self.name} {self.flags}"

    def _new_target(self) -> Any:
        target = self.llvm.Target.from_default_triple()
        return target.create_target_machine(cpu=self.name, features=self.flags, opt=2)

    def compile(self, text: str) -> bytes:
        """The object code of a module."""
        module = self.llvm.parse_assembly(text)
        module.triple, module.data_layout = self.triple, str(self.target.target_data)
        module.verify()
        return bytes(self.target.emit_object(module))

    def new_engine(self) -> Any:
        """An engine, which has a target machine of its own. What it has loaded lives as long as it does."""
        return self.llvm.create_mcjit_compiler(self.llvm.parse_assembly(""), self._new_target())

    def load(self, code: bytes, name: str, engine: Any) -> int:
        """The address of a function of object code."""
        engine.add_object_file(self.llvm.ObjectFileRef.from_data(code))
        engine.finalize_object()
        return int(engine.get_function_address(name))


@cache
def processor() -> _Processor:
    """The processor, looked at when it is first needed."""
    return _Processor()


def lanes() -> int:
    """The number of floats in a vector of this processor."""
    return processor().lanes


@lru_cache(maxsize=4096)
def kernel(make: Callable[..., Module], *arguments: Any) -> int:
    """The address of the function "kernel" of the module that `make(*arguments, lanes)` returns."""
    return address_of(make(*arguments, lanes()))


def address_of(module: Module) -> int:
    """The address of the function "kernel" of a module. It stays loaded."""
    with _holding():
        host = processor()
        name, digest = _named(module, host)
        if digest not in _ADDRESSES:
            _ADDRESSES[digest] = host.load(_code(module, name, digest, host), name, host.engine)
        return _ADDRESSES[digest]


class Loaded:
    """A function that is unloaded when nobody refers to this object any more.

    Attributes:
        address: its address.
    """

    def __init__(self, module: Module) -> None:
        with _holding():
            host = processor()
            name, digest = _named(module, host)
            self._engine = host.new_engine()
            self.address = host.load(_code(module, name, digest, host), name, self._engine)


def _named(module: Module, host: _Processor) -> tuple[str, str]:
    """The name of the function, which no other has, and the hash of its text."""
    digest = hashlib.sha256(f"{host.version}\n{module}".encode()).hexdigest()
    return f"kernel_{digest[:24]}", digest


def _code(module: Module, name: str, digest: str, host: _Processor) -> bytes:
    """The object code of a module: that on the disk, or new one."""
    code = code_cache.read(digest)
    if code is None:
        code = host.compile(str(module).replace("@kernel(", f"@{name}("))
        code_cache.write(digest, code)
    return code


if hasattr(os, "register_at_fork"):  # a child must not begin with a lock that nobody releases, or in the middle of a compilation
    os.register_at_fork(before=_LOCK.acquire, after_in_parent=_LOCK.release, after_in_child=_LOCK.release)
