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

# 1. Value 与它的梯度
_english.TRANSLATIONS.update(
    {
        "3.5 metres is the price at 20 metres a second, and this car goes 30: put 30 in for v.": "3.5 米是每秒 20 米时的代价，而这辆车每秒走 30 米：v 要代入 30。",
        "3.75 is v/a, the part of the braking. The way that is driven during the reaction grows too: t is missing.": "3.75 是 v/a，即刹车的那部分。反应期间走的路也会变长：还缺 t。",
        "you have v/(2a) for the part of the braking, but the slope of v² is 2v: the 2 cancels.": "刹车的那部分你写成了 v/(2a)，但 v² 的斜率是 2v：2 约掉了。",
        "4.75 metres is the price of a whole metre a second. Here the car is faster by half of one.": "4.75 米是车速增加整整 1 米/秒的代价。这里车只快了半米/秒。",
        "a derivative is metres for each metre a second: multiply it by 0.5, do not divide by it.": "导数是车速每增加 1 米/秒多走的米数：应当乘以 0.5，而不是除以它。",
        "At 20 metres a second it was 3.5: the faster the car, the more a little more speed costs.": "每秒 20 米时是 3.5：车越快，再快一点的代价就越大。",
        "with respect to q you have −5: one of the two paths is missing, the one through the product p q.": "对 q 的导数你得到 −5：两条路径少了一条，就是经过乘积 p q 的那条。",
        "with respect to q you have −6: one of the two paths is missing, the one that goes from q straight to the last product.": "对 q 的导数你得到 −6：两条路径少了一条，就是从 q 直接到最后一个乘法的那条。",
        "with respect to q you have 30: along a path one multiplies, but the results of the two paths are added.": "对 q 的导数你得到 30：沿一条路径要相乘，但两条路径的结果要相加。",
        "with respect to p you have −2, which is one local derivative alone. The path from p has three arrows: multiply along all of them.": "对 p 的导数你得到 −2，那只是一个局部导数。从 p 出发的路径上有三个箭头：要沿路全部乘起来。",
        "you count {found} paths. Follow the arrows from q: each product has one from it.": "你数出了 {found} 条路径。顺着从 q 引出的箭头走：两个乘法各有一个。",
        "Where a value is used twice, its gradients add up: −5 − 6.": "一个值用了两次，它的两份梯度就相加：−5 − 6。",
        "additions only, please: there is a {found} in the graph.": "只能用加法：图里有一个 {found}。",
        "{found} paths lead from x to y, and it should be 89. From each node to the next you may go back one or two.": "从 x 到 y 有 {found} 条路径，应当是 89 条。每个新节点都可以用到前面一个或两个节点。",
        "89 paths, but {found} additions. Add up what was already added up: then the paths multiply.": "路径是 89 条，但用了 {found} 次加法。把加出来的结果再相加，路径数就会成倍增长。",
        "the graph is right, the gradient is not. Along each path the product of the local derivatives is 1; how many paths are there?": "图是对的，梯度不对。沿每条路径，局部导数的乘积都是 1；那么有多少条路径？",
        "All local derivatives are 1, so the gradient is the number of paths.": "所有局部导数都是 1，所以梯度就是路径的条数。",
        "x is back at 0. You divide f by its slope, and that looks for a zero of f, of which there is none. Here it is the slope that should become 0: divide f′ by f″.": "x 又回到了 0。你用 f 除以它的斜率，那是在找 f 的零点，而 f 没有零点。这里要变成 0 的是斜率：用 f′ 除以 f″。",
        "x = {answer} after six steps: that is gradient descent. Newton divides the slope by the slope of the slope.": "六步之后 x = {answer}：这是梯度下降。牛顿法要用斜率除以斜率的斜率。",
        "x = 1 is where the first step leads. The next ones must start from where the last one arrived: compute them from x, not from 0.": "x = 1 是第一步到达的地方。后面的每一步都要从上一步到达的地方出发：用 x 计算，而不是用 0。",
        "The slope eˣ − 2 is 0 where x = log 2.": "斜率 eˣ − 2 在 x = log 2 处为 0。",
    }
)

# 2. 神经元
_english.TRANSLATIONS.update(
    {
        "your NAND is an AND. Turn its answers round: change the sign of both weights and of the bias.": "你的 NAND 其实是 AND。要把它的答案反过来：两个权重和偏置都变号。",
        "{found}: there the sum is exactly 0, and the neuron fires only above 0. Move the border between two corners.": "{found}：那里的和恰好是 0，而神经元只在大于 0 时才激活。把边界移到角点之间。",
        "{found}: at this corner the neuron gives the wrong answer.": "{found}：在这个角点上，神经元的答案是错的。",
        "three neurons, but not three layers: OR and NAND stand side by side, and the inputs are not counted.": "神经元有三个，层却没有三层：OR 与 NAND 并排在同一层，而输入不算一层。",
        "AND needs the answers of the other two, so it cannot be in the same layer.": "AND 要用到另外两个的答案，所以不可能和它们在同一层。",
        "OR and NAND are the hidden layer, AND is the output.": "OR 和 NAND 是隐藏层，AND 是输出层。",
        "{answer} is where the derivative is 0.01. One percent of its largest value is 0.01 · ¼.": "在 {answer} 处，导数等于 0.01。而导数最大值的百分之一是 0.01 · ¼。",
        "{answer} is z on the left side. Asked for is |z|, which is positive.": "{answer} 是左边的 z。要求的是 |z|，它是正的。",
        "{answer} is the value of the sigmoid there. Undo the sigmoid to find z.": "{answer} 是 sigmoid 在那里的值。再求 sigmoid 的反函数，才得到 z。",
        "{answer} is close, as read from the picture. The formula gives all digits.": "{answer} 很接近，像是从图上读出来的。用公式可以得到所有数位。",
        "A sigmoid learns only while its weighted sum is between about −6 and 6.": "sigmoid 只有在加权和大约介于 −6 与 6 之间时才能学习。",
        "your derivative is 1/(1 + eᶻ), that of the logarithm alone: the inner derivative, eᶻ, is missing.": "你的导数是 1/(1 + eᶻ)，只是对数的导数：还缺内层的导数 eᶻ。",
        "your derivative is that of the ReLU, with its jump. That of softplus is smooth: use the chain rule.": "你的导数是 ReLU 的导数，带有跳跃。softplus 的导数是光滑的：请用链式法则。",
        "that is softplus itself, not its derivative.": "这是 softplus 本身，不是它的导数。",
        "far from 0 the two come close, but at the kink they are apart. What is softplus at 0?": "离 0 很远时两者靠近，但在折点处两者有距离。softplus 在 0 处等于多少？",
        "the derivative is right. The gap is largest at the kink, where ReLU is 0 and softplus is log(1 + e⁰).": "导数是对的。距离在折点处最大，那里 ReLU 是 0，softplus 是 log(1 + e⁰)。",
        "The derivative of softplus is the sigmoid.": "softplus 的导数就是 sigmoid。",
    }
)

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
