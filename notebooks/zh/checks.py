"""练习的检查，与 `notebooks/checks.py` 相同，只是用中文回答。"""

import importlib.util
from pathlib import Path

_spec = importlib.util.spec_from_file_location("english_checks", Path(__file__).resolve().parent.parent / "checks.py")
assert _spec is not None
assert _spec.loader is not None
_english = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_english)
globals().update({name: value for name, value in vars(_english).items() if name.startswith("check_")})

_english.TRANSLATIONS.update(
    {
        "not yet.": "还没有作答。",
        "right.": "正确。",
        "not what it should be. A hint is below.": "还不对。下面有提示。",
    }
)

# 1. 值与它的梯度
_english.TRANSLATIONS.update({})

# 2. 神经元
_english.TRANSLATIONS.update({})

# 3. 手算反向传播
_english.TRANSLATIONS.update({})

# 4. 为什么需要隐藏层
_english.TRANSLATIONS.update({})

# 5. 初始化与梯度消失
_english.TRANSLATIONS.update({})

# 6. 损失函数
_english.TRANSLATIONS.update({})

# 7. 梯度下降
_english.TRANSLATIONS.update({})

# 8. 手写数字
_english.TRANSLATIONS.update({})

# 9. 卷积网络
_english.TRANSLATIONS.update({})

# 10. 从标量到张量
_english.TRANSLATIONS.update({})

# 11. 一个微型 GPT
_english.TRANSLATIONS.update({})

# 12. 神经网络之外
_english.TRANSLATIONS.update({})
