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
