"""带滑块的图，与 `notebooks/sliders.py` 相同，只是用中文说明。"""

import importlib.util
from pathlib import Path

_spec = importlib.util.spec_from_file_location("english_sliders", Path(__file__).resolve().parent.parent / "sliders.py")
assert _spec is not None
assert _spec.loader is not None
_english = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_english)
slider = _english.slider

_english.TRANSLATIONS.update({_english.STILL: "此图按 {start} 画出。安装 ipywidgets 之后（pip install ipywidgets），这里会有滑块。"})
