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
        "paths from q, by your count: {found}. Follow the arrows from q: each product has one from it.": "从 q 出发的路径，你数出了 {found} 条。顺着从 q 引出的箭头走：两个乘法各有一个。",
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
_english.TRANSLATIONS.update(
    {
        "The variance is 1/a, so the signal keeps its size.": "方差是 1/a，所以信号的大小保持不变。",
        "the variance of your weights is not 1/a. A hint is below.": "你的权重的方差不是 1/a。下面有提示。",
        "none of your weights is negative. Draw from −bound to +bound, so that their mean is 0.": "你的权重没有一个是负数。应从 −bound 到 +bound 抽取，使均值为 0。",
        "your bound is √(1/a), so the variance is 1/(3a). The variance is bound²/3, not bound².": "你的 bound 是 √(1/a)，方差就成了 1/(3a)：方差是 bound²/3，不是 bound²。",
        "your bound is 1/a, which should be the variance. The variance of a uniform distribution on ±r is r²/3.": "你的 bound 是 1/a，而 1/a 应当是方差。±r 上的均匀分布的方差是 r²/3。",
        "your bound is 3/a, which should be its square. A root is missing.": "你的 bound 是 3/a，而这应当是它的平方。少了一次开方。",
        "you took the fan-out instead of the fan-in: this keeps the size of the gradient, not of the signal.": "你用的是输出个数（fan-out），应该用输入个数（fan-in）：这样保持的是梯度的大小，不是信号的大小。",
        "this is Xavier's range, a compromise between the two ways. Here only the fan-in counts.": "这是 Xavier 的范围，是前向与反向的折中。这里只看输入个数（fan-in）。",
        "this is He's range, for ReLU. Its variance is 2/a, twice as large.": "这是用于 ReLU 的 He 的范围，它的方差是 2/a，大了一倍。",
        "the variance is 1/a, but the distribution is not uniform. Write rng.uniform(-bound, bound).": "方差是 1/a，但分布不是均匀分布。请用 rng.uniform(-bound, bound)。",
        "Only the outgoing weights differ: 0.4 / 0.6.": "只有输出权重不同：0.4 / 0.6。",
        "you have 1: that holds for equal outgoing weights. Which factor of the formula belongs to one neuron alone?": "你的答案是 1：只有输出权重相同时才是这样。公式里哪个因子只属于某一个神经元？",
        "you have 1.5: this is neuron 2 compared with neuron 0. Turn the fraction over.": "你的答案是 1.5：这是神经元 2 与神经元 0 之比。把分子和分母对调。",
        "you have {answer}: the outgoing weight is a factor once, not twice.": "你的答案是 {answer}：输出权重只乘一次，不是两次。",
        "you have 0.8: this is neuron 0 compared with neuron 1.": "你的答案是 0.8：这是神经元 0 与神经元 1 之比。",
        "you have {answer}: this is a difference. Divide one gradient by the other.": "你的答案是 {answer}：这是差。题目要的是两个梯度的商。",
        "Four times the weights, a quarter of the slope.": "权重是四倍，斜率是四分之一。",
        "your weights, times the slope ¼, should be as large as Xavier's weights. A hint is below.": "你的权重乘以斜率 ¼ 之后，应当与 Xavier 的权重一样大。下面有提示。",
        "this is Xavier's range as it was. It expects a slope of 1, and the sigmoid has ¼ at most.": "这还是 Xavier 原来的范围。它假定斜率为 1，而 sigmoid 的斜率最大只有 ¼。",
        "your weights are a quarter of Xavier's, so each layer takes away even more. Weights have to make up for a small slope.": "你的权重是 Xavier 的四分之一，每层损失得更多了。斜率小，要靠权重来补偿。",
        "your weights are twice Xavier's. With the slope ¼ that makes ½, where it should be 1.": "你的权重是 Xavier 的两倍，乘以斜率 ¼ 得 ½，而它应当是 1。",
        "your weights are 16 times Xavier's. It is the variance that grows 16 times, if each weight is multiplied by 4.": "你的权重是 Xavier 的 16 倍。每个权重乘以 4 时，变为 16 倍的是方差。",
        "The derivative with respect to x is 1 plus that of the layer.": "它对 x 的导数等于 1 加上这一层的导数。",
        "each output should be an element of the input plus one of the layer's output. A hint is below.": "每个输出应当是输入的一个元素加上这一层输出的一个元素。下面有提示。",
        "this is the layer alone. The way around it is missing: add the input.": "这只是这一层本身，少了绕过去的路：请加上输入。",
        "this is the way around alone. Add what the layer puts out.": "这只是绕过去的路。请加上这一层的输出。",
        "`+` has joined the two lists to one of 8 numbers. Add them element by element.": "`+` 把两个列表接成了一个有 8 个数的列表。请逐个元素相加。",
        "you multiply the input by the output of the layer. Add them.": "你把输入与这一层的输出相乘了。应当相加。",
    }
)

# 6. 损失函数
_english.TRANSLATIONS.update(
    {
        "The mean, and the median.": "一个是均值，一个是中位数。",
        "you have both numbers, the wrong way round: large errors count most in the squared one.": "两个数都对，但位置反了：平方误差更看重大的误差。",
        "20 is right for mse. In mae, each error has the slope +1 or −1: the outlier pulls no more than any other target.": "mse 的 20 是对的。在 mae 中，每个误差的斜率都是 +1 或 −1：离群值的拉力并不比其他目标值大。",
        "3 is right for mae. In mse an error of 87 counts as 87²: the outlier pulls much more than the others.": "mae 的 3 是对的。在 mse 中，误差 87 要按 87² 计算：离群值的拉力比其他目标值大得多。",
        "20 is right for mse. For mae, as many targets must lie below c as above it.": "mse 的 20 是对的。对 mae 来说，小于 c 的目标值应当与大于 c 的一样多。",
        "3 is right for mae. For mse, the errors c − y, with their signs, must add up to 0.": "mae 的 3 是对的。对 mse 来说，带符号的误差 c − y 之和应当是 0。",
        "Softmax only looks at the difference of two logits, which is z.": "Softmax 只看两个 logit 之差，也就是 z。",
        "the difference of the two logits has to be z. A hint is below.": "两个 logit 之差应当是 z。下面有提示。",
        "your two numbers add up to 1, so they are probabilities. Softmax makes probabilities of them once more: return logits.": "你的两个数之和是 1，所以它们是概率，softmax 会把它们再变成一次概率。请返回 logit。",
        "the two are the wrong way round: a large z speaks for class 1, the second logit.": "两个数的位置反了：z 大，说明是类别 1，也就是第二个 logit。",
        "the difference of your logits is 2z, so class 1 gets the probability σ(2z).": "你的两个 logit 之差是 2z，类别 1 的概率就成了 σ(2z)。",
        "the difference of your logits is z − 1. In σ(z) = e^z / (1 + e^z), the 1 is e⁰, not e¹.": "你的两个 logit 之差是 z − 1。在 σ(z) = e^z / (1 + e^z) 中，1 是 e⁰，不是 e¹。",
        "What remains is the entropy of q.": "剩下的损失是 q 的熵。",
        "the gradient ŷ − q has to be 0 for each class. A hint is below.": "对每个类别，梯度 ŷ − q 都应当是 0。下面有提示。",
        "the model does not become sure of class 0: the gradient is ŷ − q, which is not 0 there.": "模型不会完全确信是类别 0：梯度是 ŷ − q，在那里不等于 0。",
        "the loss does not become 0: then ŷ would have to be 1 for each of the three classes.": "损失不会变成 0：那样的话，三个类别的 ŷ 都必须等于 1。",
        "the probabilities are right, and the loss is in bits: take math.log in place of the logarithm to base 2.": "概率是对的，但损失的单位是比特：请用 math.log，不要用以 2 为底的对数。",
        "the probabilities are right. −log 0.7 is the term of class 0 without its factor q, and the other classes are missing.": "概率是对的。−log 0.7 只是类别 0 的那一项，没有乘以 q，而且少了其他类别。",
        "the probabilities are right. The sum has a minus in front of it.": "概率是对的。求和号前面还有一个负号。",
        "the probabilities are right, the loss is not: it is −Σ q log ŷ, over all three classes.": "概率是对的，损失不对：它是 −Σ q log ŷ，对三个类别求和。",
        "Laplace's noise leads to the absolute error.": "由拉普拉斯噪声得到绝对误差。",
        "which loss contains |y − ŷ|? A hint is below.": "哪个损失里有 |y − ŷ|？下面有提示。",
        "squares come from normal noise, e to the −(y − ŷ)². Here the exponent is −|y − ŷ| / s.": "平方来自正态噪声，那里 e 的指数是 −(y − ŷ)²。这里的指数是 −|y − ŷ| / s。",
        "the loss is right. The exponent is divided by s, so the factor is 1 / s.": "损失是对的。指数要除以 s，所以系数是 1 / s。",
        "the loss is right. Minus the logarithm: the minus of the exponent goes away.": "损失是对的。对数取相反数之后，指数里的负号就没有了。",
        "loss and factor are right. Minus the logarithm of 1/(2s) is +log(2s).": "损失和系数是对的。1/(2s) 的对数的相反数是 +log(2s)。",
        "loss and factor are right. The constant is minus the logarithm of 1/(2s) = ¼, not ¼ itself.": "损失和系数是对的。常数是 1/(2s) = ¼ 的对数的相反数，不是 ¼ 本身。",
        "loss and factor are right. The density has 1/(2s) in front, which is ¼, not ½.": "损失和系数是对的。概率密度前面的系数是 1/(2s)，即 ¼，不是 ½。",
        "the loss is right. Take the logarithm of 1/(2s) and of the exponential one after the other.": "损失是对的。先对 1/(2s) 取对数，再对指数函数取对数。",
    }
)

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
