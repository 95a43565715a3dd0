"""Shapes of Python code, each with an edit: what may change the result changes the closure, the rest does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops_cli.pipeline.closure import closure_of
from mlops_cli.pipeline.project import Project

# name: (files, target, edited files)
CHANGES: dict[str, tuple[dict[str, str], str, dict[str, str]]] = {
    "init_reexport_samename": (
        {
            "p1/__init__.py": "from .clean import clean\n",
            "p1/clean.py": 'def clean():\n    return {"v":1}\n',
            "c1.py": "from p1 import clean\ndef f():\n    return clean()\n",
        },
        "c1:f",
        {"p1/clean.py": 'def clean():\n    return {"v":2}\n'},
    ),
    "init_reexport_attr": (
        {
            "p1b/__init__.py": "from .clean import clean\n",
            "p1b/clean.py": 'def clean():\n    return {"v":1}\n',
            "c1b.py": "import p1b\ndef f():\n    return p1b.clean()\n",
        },
        "c1b:f",
        {"p1b/clean.py": 'def clean():\n    return {"v":2}\n'},
    ),
    "init_reexport_call_target": (
        {"p1c/__init__.py": "from .clean import clean\n", "p1c/clean.py": 'def clean():\n    return {"v":1}\n'},
        "p1c:clean",
        {"p1c/clean.py": 'def clean():\n    return {"v":2}\n'},
    ),
    "getattr_module": (
        {"h2.py": 'def run():\n    return {"v":1}\n', "c2.py": 'import h2\ndef f():\n    return getattr(h2,"run")()\n'},
        "c2:f",
        {"h2.py": 'def run():\n    return {"v":2}\n'},
    ),
    "module_as_value": (
        {
            "h3.py": 'def run():\n    return {"v":1}\n',
            "c3.py": "import h3\ndef g(m):\n    return m.run()\ndef f():\n    return g(h3)\n",
        },
        "c3:f",
        {"h3.py": 'def run():\n    return {"v":2}\n'},
    ),
    "module_alias": (
        {
            "h3b.py": 'def run():\n    return {"v":1}\n',
            "c3b.py": "import h3b\ndef f():\n    s = h3b\n    return s.run()\n",
        },
        "c3b:f",
        {"h3b.py": 'def run():\n    return {"v":2}\n'},
    ),
    "module_alias_global": (
        {"h3c.py": 'def run():\n    return {"v":1}\n', "c3c.py": "import h3c\ns = h3c\ndef f():\n    return s.run()\n"},
        "c3c:f",
        {"h3c.py": 'def run():\n    return {"v":2}\n'},
    ),
    "subclasses_registry": (
        {
            "c4.py": 'class B:\n    pass\nclass A(B):\n    v=1\ndef f():\n    return {"v":[c.v for c in B.__subclasses__()]}\n'
        },
        "c4:f",
        {
            "c4.py": 'class B:\n    pass\nclass A(B):\n    v=2\ndef f():\n    return {"v":[c.v for c in B.__subclasses__()]}\n'
        },
    ),
    "init_subclass": (
        {
            "c4b.py": 'R={}\nclass B:\n    def __init_subclass__(cls, **k):\n        R[cls.__name__]=cls\nclass A(B):\n    v=1\ndef f():\n    return {"v":R["A"].v}\n'
        },
        "c4b:f",
        {
            "c4b.py": 'R={}\nclass B:\n    def __init_subclass__(cls, **k):\n        R[cls.__name__]=cls\nclass A(B):\n    v=2\ndef f():\n    return {"v":R["A"].v}\n'
        },
    ),
    "assign_side_effect": (
        {"c5.py": 'R={}\ndef reg(x):\n    R["x"]=x\n_ = reg(1)\ndef f():\n    return {"v":R["x"]}\n'},
        "c5:f",
        {"c5.py": 'R={}\ndef reg(x):\n    R["x"]=x\n_ = reg(2)\ndef f():\n    return {"v":R["x"]}\n'},
    ),
    "assign_lambda_reg": (
        {
            "c5b.py": 'R={}\ndef reg(x):\n    R["x"]=x; return x\none = reg(lambda: 1)\ndef f():\n    return {"v":R["x"]()}\n'
        },
        "c5b:f",
        {
            "c5b.py": 'R={}\ndef reg(x):\n    R["x"]=x; return x\none = reg(lambda: 2)\ndef f():\n    return {"v":R["x"]()}\n'
        },
    ),
    "local_import_shadow": (
        {
            "h6.py": "def hh():\n    return 5\n",
            "c6.py": 'def hh():\n    return 1\nclass K:\n    def a(self):\n        from h6 import hh\n        return hh()\n    def b(self):\n        return hh()\ndef f():\n    return {"v":K().b()}\n',
        },
        "c6:f",
        {
            "c6.py": 'def hh():\n    return 2\nclass K:\n    def a(self):\n        from h6 import hh\n        return hh()\n    def b(self):\n        return hh()\ndef f():\n    return {"v":K().b()}\n'
        },
    ),
    "star_star": (
        {
            "h7.py": "from h7b import *\n",
            "h7b.py": 'def run():\n    return {"v":1}\n',
            "c7.py": "from h7 import *\ndef f():\n    return run()\n",
        },
        "c7:f",
        {"h7b.py": 'def run():\n    return {"v":2}\n'},
    ),
    "star_one": (
        {"h7c.py": 'def run():\n    return {"v":1}\n', "c7c.py": "from h7c import *\ndef f():\n    return run()\n"},
        "c7c:f",
        {"h7c.py": 'def run():\n    return {"v":2}\n'},
    ),
    "star_override": (
        {
            "h7d.py": 'def run():\n    return {"v":1}\n',
            "c7d.py": 'def run():\n    return {"v":0}\nfrom h7d import *\ndef f():\n    return run()\n',
        },
        "c7d:f",
        {"h7d.py": 'def run():\n    return {"v":2}\n'},
    ),
    "importlib_alias": (
        {
            "h9.py": 'def run():\n    return {"v":1}\n',
            "c9.py": 'import importlib as il\ndef f():\n    return il.import_module("h9").run()\n',
        },
        "c9:f",
        {"h9.py": 'def run():\n    return {"v":2}\n'},
    ),
    "importlib_alias2": (
        {
            "h9b.py": 'def run():\n    return {"v":1}\n',
            "c9b.py": 'from importlib import import_module as im\ndef f():\n    return im("h9b").run()\n',
        },
        "c9b:f",
        {"h9b.py": 'def run():\n    return {"v":2}\n'},
    ),
    "importlib_var_other": (
        {
            "h9c.py": 'def run():\n    return {"v":1}\n',
            "c9c.py": 'import importlib\nN="h9c"\ndef f():\n    return importlib.import_module(N).run()\n',
        },
        "c9c:f",
        {"h9c.py": 'def run():\n    return {"v":2}\n'},
    ),
    "import_module_const": (
        {
            "h9d.py": 'def run():\n    return {"v":1}\n',
            "c9d.py": 'import importlib\ndef f():\n    return importlib.import_module("h9d").run()\n',
        },
        "c9d:f",
        {"h9d.py": 'def run():\n    return {"v":2}\n'},
    ),
    "import_module_const_transitive": (
        {
            "h9e.py": "import h9f\ndef run():\n    return h9f.go()\n",
            "h9f.py": 'def go():\n    return {"v":1}\n',
            "c9e.py": 'import importlib\ndef f():\n    return importlib.import_module("h9e").run()\n',
        },
        "c9e:f",
        {"h9f.py": 'def go():\n    return {"v":2}\n'},
    ),
    "module_dict": (
        {
            "h10.py": 'def run():\n    return {"v":1}\n',
            "c10.py": 'import h10\ndef f():\n    return h10.__dict__["run"]()\n',
        },
        "c10:f",
        {"h10.py": 'def run():\n    return {"v":2}\n'},
    ),
    "sysmodules": (
        {
            "h10b.py": 'def run():\n    return {"v":1}\n',
            "c10b.py": 'import sys, h10b\ndef f():\n    return sys.modules["h10b"].run()\n',
        },
        "c10b:f",
        {"h10b.py": 'def run():\n    return {"v":2}\n'},
    ),
    "self_module_getattr": (
        {
            "c10c.py": 'import sys\ndef step_a():\n    return {"v":1}\ndef f():\n    return getattr(sys.modules[__name__],"step_a")()\n'
        },
        "c10c:f",
        {
            "c10c.py": 'import sys\ndef step_a():\n    return {"v":2}\ndef f():\n    return getattr(sys.modules[__name__],"step_a")()\n'
        },
    ),
    "docstring": (
        {"c11.py": 'def f():\n    "one"\n    return {"v":f.__doc__}\n'},
        "c11:f",
        {"c11.py": 'def f():\n    "two"\n    return {"v":f.__doc__}\n'},
    ),
    "sqldoc": (
        {"c11b.py": 'class Q:\n    "select 1"\ndef f():\n    return {"v":Q.__doc__}\n'},
        "c11b:f",
        {"c11b.py": 'class Q:\n    "select 2"\ndef f():\n    return {"v":Q.__doc__}\n'},
    ),
    "monkey": (
        {
            "h12.py": 'import h12b\nh12b.run = lambda: {"v":1}\n',
            "h12b.py": 'def run():\n    return {"v":0}\n',
            "c12.py": "import h12, h12b\ndef f():\n    return h12b.run()\n",
        },
        "c12:f",
        {"h12.py": 'import h12b\nh12b.run = lambda: {"v":2}\n'},
    ),
    "monkey_fn": (
        {
            "h12c.py": 'import h12d\ndef inst():\n    return {"v":1}\nh12d.run = inst\n',
            "h12d.py": 'def run():\n    return {"v":0}\n',
            "c12c.py": "import h12c, h12d\ndef f():\n    return h12d.run()\n",
        },
        "c12c:f",
        {"h12c.py": 'import h12d\ndef inst():\n    return {"v":2}\nh12d.run = inst\n'},
    ),
    "nested_pkg_import_side": (
        {
            "p13/__init__.py": "from . import b\n",
            "p13/a.py": 'V={"v":0}\ndef f():\n    return V\n',
            "p13/b.py": 'from . import a\na.V["v"]=1\n',
        },
        "p13.a:f",
        {"p13/b.py": 'from . import a\na.V["v"]=2\n'},
    ),
    "dataclass_default": (
        {
            "c14.py": 'from dataclasses import dataclass\n@dataclass\nclass D:\n    v: int = 1\ndef f():\n    return {"v":D().v}\n'
        },
        "c14:f",
        {
            "c14.py": 'from dataclasses import dataclass\n@dataclass\nclass D:\n    v: int = 2\ndef f():\n    return {"v":D().v}\n'
        },
    ),
    "relative": (
        {
            "p15/__init__.py": "",
            "p15/s/__init__.py": "",
            "p15/s/x.py": "from ..h import go\ndef f():\n    return go()\n",
            "p15/h.py": 'def go():\n    return {"v":1}\n',
        },
        "p15.s.x:f",
        {"p15/h.py": 'def go():\n    return {"v":2}\n'},
    ),
    "namespace": (
        {
            "p16/s/x.py": "from p16.h import go\ndef f():\n    return go()\n",
            "p16/h.py": 'def go():\n    return {"v":1}\n',
        },
        "p16.s.x:f",
        {"p16/h.py": 'def go():\n    return {"v":2}\n'},
    ),
    "namespace_folder_only_sub": (
        {
            "p16b/s/x.py": 'def go():\n    return {"v":1}\n',
            "c16b.py": "import p16b.s.x\ndef f():\n    return p16b.s.x.go()\n",
        },
        "c16b:f",
        {"p16b/s/x.py": 'def go():\n    return {"v":2}\n'},
    ),
    "src": (
        {
            "src/p17/__init__.py": "",
            "src/p17/x.py": "from p17.h import go\ndef f():\n    return go()\n",
            "src/p17/h.py": 'def go():\n    return {"v":1}\n',
        },
        "p17.x:f",
        {"src/p17/h.py": 'def go():\n    return {"v":2}\n'},
    ),
    "stdlibname": (
        {
            "statistics.py": 'def go():\n    return {"v":1}\n',
            "c18.py": 'import statistics\ndef f():\n    return statistics.go() if hasattr(statistics,"go") else {"v":"std"}\n',
        },
        "c18:f",
        {"statistics.py": 'def go():\n    return {"v":2}\n'},
    ),
    "lambda_default": (
        {"c19.py": 'def h():\n    return 1\ndef f(g=lambda: h()):\n    return {"v":g()}\n'},
        "c19:f",
        {"c19.py": 'def h():\n    return 2\ndef f(g=lambda: h()):\n    return {"v":g()}\n'},
    ),
    "cond_import": (
        {
            "c20.py": "try:\n    from nope import go\nexcept ImportError:\n    from h20 import go\ndef f():\n    return go()\n",
            "h20.py": 'def go():\n    return {"v":1}\n',
        },
        "c20:f",
        {"h20.py": 'def go():\n    return {"v":2}\n'},
    ),
    "newmodule_appears": (
        {
            "c21.py": 'try:\n    from nope21 import go\nexcept ImportError:\n    def go():\n        return {"v":1}\ndef f():\n    return go()\n'
        },
        "c21:f",
        {"nope21.py": 'def go():\n    return {"v":2}\n'},
    ),
    "ifmain_neg": (
        {"c22.py": 'V=0\nif __name__ != "__main__":\n    V=1\ndef f():\n    return {"v":V}\n'},
        "c22:f",
        {"c22.py": 'V=0\nif __name__ != "__main__":\n    V=2\ndef f():\n    return {"v":V}\n'},
    ),
    "mod_getattr": (
        {
            "h23.py": 'def __getattr__(n):\n    return lambda: {"v":1}\n',
            "c23.py": "import h23\ndef f():\n    return h23.zork()\n",
        },
        "c23:f",
        {"h23.py": 'def __getattr__(n):\n    return lambda: {"v":2}\n'},
    ),
    "class_body_attr_set": (
        {"c25.py": 'class K:\n    v=0\nK.v = 1\ndef f():\n    return {"v":K.v}\n'},
        "c25:f",
        {"c25.py": 'class K:\n    v=0\nK.v = 2\ndef f():\n    return {"v":K.v}\n'},
    ),
    "tuple_star_assign": (
        {"c26.py": 'a, *b = [0, 1]\ndef f():\n    return {"v":b}\n'},
        "c26:f",
        {"c26.py": 'a, *b = [0, 2]\ndef f():\n    return {"v":b}\n'},
    ),
    "deleted_order": (
        {"c27.py": 'V=2\nV=1\ndef f():\n    return {"v":V}\n'},
        "c27:f",
        {"c27.py": 'V=1\nV=2\ndef f():\n    return {"v":V}\n'},
    ),
    "order_loose": (
        {"c28.py": 'V=[]\nV.append(1)\nV=V+[3]\ndef f():\n    return {"v":V}\n'},
        "c28:f",
        {"c28.py": 'V=[]\nV=V+[3]\nV.append(1)\ndef f():\n    return {"v":V}\n'},
    ),
    "order_capture": (
        {"c29.py": 'A=1\nB=A\nA=5\ndef f():\n    return {"v":B}\n'},
        "c29:f",
        {"c29.py": 'A=1\nA=5\nB=A\ndef f():\n    return {"v":B}\n'},
    ),
    "dec_star": (
        {
            "h30.py": "R={}\ndef reg(x):\n    R[x.__name__]=x\n    return x\n",
            "c30.py": 'from h30 import *\n@reg\ndef a():\n    return 1\ndef f():\n    return {"v":R["a"]()}\n',
        },
        "c30:f",
        {"c30.py": 'from h30 import *\n@reg\ndef a():\n    return 2\ndef f():\n    return {"v":R["a"]()}\n'},
    ),
    "annotation_str": (
        {
            "c31.py": 'class M:\n    def __init__(self): self.v=1\n    def go(self): return {"v": self.v}\nobj = M()\ngo = obj.go\ndef f():\n    return go()\n'
        },
        "c31:f",
        {
            "c31.py": 'class M:\n    def __init__(self): self.v=2\n    def go(self): return {"v": self.v}\nobj = M()\ngo = obj.go\ndef f():\n    return go()\n'
        },
    ),
    "pkg_submodule_as_from": (
        {
            "p32/__init__.py": "",
            "p32/m.py": 'def a():\n    return 1\ndef pick(n):\n    return {"a":a}[n]\n',
            "c32.py": 'from p32 import m\ndef f():\n    return {"v":m.pick("a")()}\n',
        },
        "c32:f",
        {"p32/m.py": 'def a():\n    return 2\ndef pick(n):\n    return {"a":a}[n]\n'},
    ),
    "list_of_modules": (
        {
            "p33/__init__.py": "",
            "p33/s1.py": "def go():\n    return 1\n",
            "c33.py": 'from p33 import s1\nSTEPS=[s1]\ndef f():\n    return {"v":[s.go() for s in STEPS]}\n',
        },
        "c33:f",
        {"p33/s1.py": "def go():\n    return 2\n"},
    ),
    "spec_from_file": (
        {
            "p34.py": "V=1\n",
            "c34.py": 'import importlib.util, pathlib\ndef f():\n    s=importlib.util.spec_from_file_location("q", pathlib.Path(__file__).parent/"p34.py"); m=importlib.util.module_from_spec(s); s.loader.exec_module(m)\n    return {"v":m.V}\n',
        },
        "c34:f",
        {"p34.py": "V=2\n"},
    ),
    "class_registered_from_a_body": (
        {"m.py": "R=[]\ndef reg(x):\n    R.append(x)\nclass K:\n    x = reg(1)\ndef f():\n    return R\n"},
        "m:f",
        {"m.py": "R=[]\ndef reg(x):\n    R.append(x)\nclass K:\n    x = reg(2)\ndef f():\n    return R\n"},
    ),
    "project_metaclass": (
        {
            "m.py": 'R={}\nclass M(type):\n    def __init__(c,n,b,d):\n        R[n]=c\nclass A(metaclass=M):\n    v=1\ndef f():\n    return R["A"].v\n'
        },
        "m:f",
        {
            "m.py": 'R={}\nclass M(type):\n    def __init__(c,n,b,d):\n        R[n]=c\nclass A(metaclass=M):\n    v=2\ndef f():\n    return R["A"].v\n'
        },
    ),
    "hook_of_another_module": (
        {
            "b.py": "R={}\nclass B:\n    def __init_subclass__(cls):\n        R[cls.__name__]=cls\n",
            "m.py": 'from b import B, R\nclass A(B):\n    v=1\ndef f():\n    return R["A"].v\n',
        },
        "m:f",
        {"m.py": 'from b import B, R\nclass A(B):\n    v=2\ndef f():\n    return R["A"].v\n'},
    ),
    "order_of_registrations": (
        {"m.py": "R=[]\ndef reg(x):\n    R.append(x)\na=reg(1)\nb=reg(2)\ndef f():\n    return R\n"},
        "m:f",
        {"m.py": "R=[]\ndef reg(x):\n    R.append(x)\nb=reg(2)\na=reg(1)\ndef f():\n    return R\n"},
    ),
    "order_of_imports_of_one_name": (
        {
            "a.py": "def go():\n    return 1\n",
            "b.py": "def go():\n    return 2\n",
            "m.py": "from a import go\nfrom b import go\ndef f():\n    return go()\n",
        },
        "m:f",
        {"m.py": "from b import go\nfrom a import go\ndef f():\n    return go()\n"},
    ),
    "import_as_of_a_reexport": (
        {
            "p/__init__.py": "from .clean import clean\n",
            "p/clean.py": "def clean():\n    return 1\n",
            "m.py": "import p.clean as c\ndef f():\n    return c()\n",
        },
        "m:f",
        {"p/clean.py": "def clean():\n    return 2\n"},
    ),
    "eval_under_another_name": (
        {
            "h.py": "def go():\n    return 1\n",
            "m.py": "from builtins import eval as e\ndef f():\n    return e(\"__import__('h').go()\")\n",
        },
        "m:f",
        {"h.py": "def go():\n    return 2\n"},
    ),
    "package_as_value": (
        {
            "p/__init__.py": "from . import s\n",
            "p/s.py": "def go():\n    return 1\n",
            "m.py": "import p\ndef g(x):\n    return x.s.go()\ndef f():\n    return g(p)\n",
        },
        "m:f",
        {"p/s.py": "def go():\n    return 2\n"},
    ),
    "comment_read_by_getsource": (
        {"m.py": "import inspect\ndef f():\n    # one\n    return inspect.getsource(f)\n"},
        "m:f",
        {"m.py": "import inspect\ndef f():\n    # two\n    return inspect.getsource(f)\n"},
    ),
}
KEEPS: dict[str, tuple[dict[str, str], str, dict[str, str]]] = {
    "other_function_beside_a_reexport": (
        {
            "p/__init__.py": "from .clean import clean\n",
            "p/clean.py": "def clean():\n    return 1\ndef other():\n    return 1\n",
            "m.py": "from p import clean\ndef f():\n    return clean()\n",
        },
        "m:f",
        {"p/clean.py": "def clean():\n    return 1\ndef other():\n    return 2\n"},
    ),
    "other_function_of_a_module_used_by_attribute": (
        {
            "h.py": "def go():\n    return 1\ndef other():\n    return 1\n",
            "m.py": "import h\ndef f():\n    return h.go()\n",
        },
        "m:f",
        {"h.py": "def go():\n    return 1\ndef other():\n    return 2\n"},
    ),
    "constant_made_by_foreign_calls": (
        {
            "m.py": 'import re\nfrom pathlib import Path\nROOT = Path(__file__).parent\nX = re.compile("a")\nY = ROOT.joinpath("a")\ndef f():\n    return 1\n'
        },
        "m:f",
        {
            "m.py": 'import re\nfrom pathlib import Path\nROOT = Path(__file__).parent\nX = re.compile("b")\nY = ROOT.joinpath("b")\ndef f():\n    return 1\n'
        },
    ),
    "unused_subclass": (
        {
            "m.py": 'from typing import Generic, TypeVar\nT = TypeVar("T")\nclass B(Generic[T]):\n    pass\nclass A(B[int]):\n    v=1\ndef f():\n    return 1\n'
        },
        "m:f",
        {
            "m.py": 'from typing import Generic, TypeVar\nT = TypeVar("T")\nclass B(Generic[T]):\n    pass\nclass A(B[int]):\n    v=2\ndef f():\n    return 1\n'
        },
    ),
    "order_of_functions": (
        {"m.py": "def a():\n    return 1\ndef f():\n    return a()\n"},
        "m:f",
        {"m.py": "def f():\n    return a()\ndef a():\n    return 1\n"},
    ),
    "function_called_by_a_lambda_of_another_constant": (
        {"m.py": "def h():\n    return 1\nK = lambda: h()\ndef f():\n    return 1\n"},
        "m:f",
        {"m.py": "def h():\n    return 2\nK = lambda: h()\ndef f():\n    return 1\n"},
    ),
    "docstring_of_an_unreached_function": (
        {"m.py": 'def g():\n    "one"\ndef f():\n    return f.__doc__\n'},
        "m:f",
        {"m.py": 'def g():\n    "two"\ndef f():\n    return f.__doc__\n'},
    ),
}


def code(root: Path, files: dict[str, str], target: str) -> dict[str, str]:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return dict(closure_of(Project(root), target).code)


@pytest.mark.parametrize("case", CHANGES)
def test_an_edit_of_this_shape_changes_the_closure(tmp_path: Path, case: str) -> None:
    files, target, edited = CHANGES[case]
    assert code(tmp_path, files, target) != code(tmp_path, edited, target)


@pytest.mark.parametrize("case", KEEPS)
def test_an_edit_of_this_shape_keeps_the_closure(tmp_path: Path, case: str) -> None:
    files, target, edited = KEEPS[case]
    assert code(tmp_path, files, target) == code(tmp_path, edited, target)
