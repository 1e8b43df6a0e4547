// The wheel of plain Python in Pyodide: node .github/pyodide.mjs dist/scalar_autograd-*-py3-none-any.whl
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { loadPyodide } = createRequire(`${process.cwd()}/`)("pyodide");
const pyodide = await loadPyodide();
pyodide.FS.writeFile("/wheel.zip", readFileSync(process.argv[2]));
console.log(pyodide.runPython(`
import sys, zipfile
zipfile.ZipFile("/wheel.zip").extractall("/wheel")
sys.path.insert(0, "/wheel")

import autograd
from autograd import Value, grad, tanh

if autograd.NATIVE:
    raise RuntimeError("this wheel holds a compiled core")
x, w = Value(2.0), Value(-3.0)
y = tanh(x * w + 6.5)
y.backward()
found = [round(y.data, 4), round(w.grad, 4), grad(lambda v: v**3)(2.0)]
if found != [0.4621, 1.5729, 12.0]:
    raise RuntimeError(f"wrong numbers: {found}")

import nn

model = nn.MLP(2, [4, 1])
(model([0.5, -0.5]) ** 2).backward()
f"Python {sys.version.split()[0]} on {sys.platform}: autograd and nn work"
`));
