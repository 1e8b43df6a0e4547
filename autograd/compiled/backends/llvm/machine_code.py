"""From the text of a module to functions that run: compiled by LLVM, and kept on disk for the next process (see `code_cache`)."""

from __future__ import annotations

import hashlib
import os
import queue
import threading
import weakref
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

from autograd._runtime.uninterrupted import uninterrupted
from autograd.compiled.backends.llvm import code_cache
from autograd.compiled.backends.llvm.text import Module

FORMAT = 1
"""Changed when kernels are called in another way, so that older ones on disk are not used."""

VECTORS = "SCALAR_AUTOGRAD_VECTORS"
"""The environment variable that asks for the vectors of a lesser processor."""

PROCESSORS = {"sse2": ("x86-64", 2), "avx2": ("haswell", 4)}
"""What it may be: the processor for which kernels are compiled then, and the lanes of its vectors."""

_LOCK = threading.RLock()
"""Held while LLVM is used, in threads that no interrupt comes to: see `uninterrupted`."""

_ADDRESSES: dict[str, int] = {}
"""The functions that this process has loaded, by the hash of their text."""

_ENGINES: dict[int, tuple[Any, Any]] = {}
"""For each `Loaded`, a weak reference to it and the engine that has loaded its function, by the `id` of the reference."""

_UNUSED: queue.SimpleQueue[Any] = queue.SimpleQueue()
"""The references whose objects are gone. Python puts them here without a line that could be interrupted."""


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
def _host() -> _Processor:
    return _Processor()


def processor() -> _Processor:
    """The processor, looked at when it is first needed."""

    def host() -> _Processor:
        with _LOCK:
            return _host()

    return uninterrupted(host)


@cache
def lanes() -> int:
    """The number of floats in a vector of this processor."""
    return processor().lanes


@lru_cache(maxsize=4096)
def kernel(make: Callable[..., Module], *arguments: Any) -> int:
    """The address of the function "kernel" of the module that `make(*arguments, lanes)` returns."""
    return address_of(make(*arguments, lanes()))


def address_of(module: Module) -> int:
    """The address of the function "kernel" of a module. It stays loaded."""

    def load() -> int:
        with _LOCK:
            host = _host()
            name, digest = _named(module, host)
            if digest not in _ADDRESSES:
                _ADDRESSES[digest] = host.load(_code(module, name, digest, host), name, host.engine)
            return _ADDRESSES[digest]

    return uninterrupted(load)


class Loaded:
    """A function that is unloaded when nobody refers to this object any more, and another module is loaded.

    Attributes:
        address: its address.
    """

    def __init__(self, module: Module) -> None:
        def load() -> int:
            with _LOCK:
                host = _host()
                while not _UNUSED.empty():
                    del _ENGINES[id(_UNUSED.get())]
                name, digest = _named(module, host)
                engine = host.new_engine()
                address = host.load(_code(module, name, digest, host), name, engine)
                own = weakref.ref(self, _UNUSED.put)
                _ENGINES[id(own)] = own, engine
                return address

        self.address = uninterrupted(load)


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
