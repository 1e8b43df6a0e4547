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
_english.TRANSLATIONS.update({})

# 6. 损失函数
_english.TRANSLATIONS.update({})

# 7. 梯度下降
_english.TRANSLATIONS.update(
    {
        "you went uphill: the step goes against the gradient, so it is subtracted.": "你往上走了：步子要与梯度方向相反，所以是减去。",
        "gradient descent is right. Adam divides the slope by its own size: what is left of 6 / √6²?": "梯度下降是对的。Adam 把斜率除以它自己的大小：6 / √6² 还剩下什么？",
        "gradient descent is right. Adam goes downhill, too.": "梯度下降是对的。Adam 也要往下走。",
        "you have {answer}: the slope of (w − 2)² is 2(w − 2), not w − 2.": "你的答案是 {answer}：(w − 2)² 的斜率是 2(w − 2)，不是 w − 2。",
        "you have {answer}: the slope must be multiplied by the rate, 0.1.": "你的答案是 {answer}：斜率要乘以学习率 0.1。",
        "you have {answer}: that subtracts the cost. Subtract its slope, times the rate.": "你的答案是 {answer}：你减去的是代价。应当减去斜率与学习率的乘积。",
        "gradient descent is right, Adam is not yet. Write its formula for t = 1, and see what cancels.": "梯度下降是对的，Adam 还不对。写出 t = 1 时的公式，看看什么约掉了。",
        "However steep the cost is, Adam's first step has the length of the rate.": "不管代价有多陡，Adam 第一步的长度总是学习率。",
        "you have {answer}, which is 1/h: with that rate a step ends in the minimum. The limit is twice as large.": "你的答案是 {answer}，即 1/h：用这个学习率，一步就到最小值。上限是它的两倍。",
        "you have {answer}: that is the curvature h. The limit is 2/h.": "你的答案是 {answer}：这是曲率 h。上限是 2/h。",
        "you have {answer}: that is the limit in the other valley, at w = −1.47.": "你的答案是 {answer}：这是另一个山谷（w = −1.47）里的上限。",
        "you have {answer}: that takes the curvature at the start, w = 2.2. Take it at the minimum, `ends[0.01]`.": "你的答案是 {answer}：你用了起点 w = 2.2 处的曲率。应当用最小值 `ends[0.01]` 处的曲率。",
        "you have {answer}: that is the limit of the narrow valley with two parameters. Take the curvature of `two_valleys`.": "你的答案是 {answer}：这是有两个参数的狭窄山谷的上限。应当用 `two_valleys` 的曲率。",
        "you have {answer}: that is the limit of the parabola at the beginning. Take the curvature of `two_valleys`.": "你的答案是 {answer}：这是开头那条抛物线的上限。应当用 `two_valleys` 的曲率。",
        "you have {answer}, a little below. Do not try rates: compute the limit from the curvature.": "你的答案是 {answer}，略低了一点。不要去试，请由曲率算出上限。",
        "you have {answer}, a little above. Do not try rates: compute the limit from the curvature.": "你的答案是 {answer}，略高了一点。不要去试，请由曲率算出上限。",
        "The more sharply a valley curves, the smaller the steps must be.": "山谷弯得越急，步子就必须越小。",
        "you have {answer}, the plain mean: it gives a sample of the small batch more weight than the others.": "你的答案是 {answer}，即普通的平均：这样小批里的样本分量就比别的样本重。",
        "you have {answer}, the sum of the means. Weight each by the number of its samples, and divide.": "你的答案是 {answer}，即各个平均值之和。应当以样本数为权相加，再作除法。",
        "you have {answer}: that is the sum over all samples. Divide it by their number.": "你的答案是 {answer}：这是对所有样本求的和。还要除以样本总数。",
        "you have {answer}: you divided by the number of batches. Divide by the number of samples.": "你的答案是 {answer}：你除以了批数。应当除以样本总数。",
        "A sample counts the same in each batch.": "在哪一批里，样本的分量都一样。",
        "your rate rises. Divide by 1 + k/10.": "你的学习率在上升。应当除以 1 + k/10。",
        "your rate falls ten times as fast: it is divided by 1 + k.": "你的学习率下降得太快，快慢是应有的十倍：你除以的是 1 + k。",
        "your rate is 0 after ten epochs, and negative after that. Divide by 1 + k/10, do not multiply by 1 − k/10.": "你的学习率十轮之后变成 0，再往后是负数。应当除以 1 + k/10，而不是乘以 1 − k/10。",
        "your rate falls only at every tenth epoch: `//` rounds down. Divide with `/`.": "你的学习率每十轮才下降一次：`//` 会向下取整。请用 `/`。",
        "your rate stays the same.": "你的学习率没有变。",
        "Now compare last_distance(rate_in) with last_distance(lambda epoch: 0.15).": "现在比较一下 last_distance(rate_in) 和 last_distance(lambda epoch: 0.15)。",
        "240 epochs were not enough. Either the steps are too small, or so large that it jumps about: try a rate near 0.2.": "240 轮还不够。要么步子太小，要么步子太大，跳来跳去：试一试 0.2 附近的学习率。",
        "that needs no fewer epochs than before. Momentum, such as 0.9, makes the steps longer where the direction stays.": "轮数没有比原来少。动量（例如 0.9）会在方向不变的地方让步子变长。",
        "better than before, and not yet three times as fast. With momentum μ the steps become up to 1/(1 − μ) times as long.": "比原来好，但还没有快到三倍。动量为 μ 时，步子最多变成 1/(1 − μ) 倍长。",
        "The exact gradient can bear what a noisy one cannot.": "精确的梯度承受得起的，带噪声的梯度承受不起。",
    }
)

# 8. 手写数字
_english.TRANSLATIONS.update(
    {
        "you have {answer}, the weights alone: each neuron has a bias, too.": "你的答案是 {answer}，只有权重：每个神经元还有一个偏置。",
        "you have {answer}: you gave a bias to each pixel. The inputs are given, and have none.": "你的答案是 {answer}：你给每个像素也加了偏置。输入是给定的，没有偏置。",
        "you have {answer}, the hidden layer alone: the output layer has parameters, too.": "你的答案是 {answer}，只有隐藏层：输出层也有参数。",
        "you have {answer}, the weights of the hidden layer: add its biases, and the output layer.": "你的答案是 {answer}，只是隐藏层的权重：还要加上它的偏置，以及输出层。",
        "you have {answer}, the number of inputs and neurons. Count the connections between them, and the biases.": "你的答案是 {answer}，即输入和神经元的个数。要数的是它们之间的连接，以及偏置。",
        "you have {answer}, the network for images of 8 × 8 pixels. MNIST has 28 × 28.": "你的答案是 {answer}，那是用于 8 × 8 像素图像的网络。MNIST 是 28 × 28 像素。",
        "All but 310 of them belong to the hidden layer.": "除了 310 个，其余都属于隐藏层。",
        "you divided by the columns. That is the precision: the share of what was taken for a 4 that is a 4. Take the rows.": "你除以了列的和。那是精确率：被认作 4 的图像中真的是 4 的比例。应当用行的和。",
        "you divided by the number of all images. Divide by the images of each digit.": "你除以了全部图像数。应当除以各个数字的图像数。",
        "those are numbers of images. Divide by how many each digit has.": "这些是图像的张数。应当除以每个数字各有多少张。",
        "that is one number. Each of the ten digits has a recall of its own.": "这只是一个数。十个数字各有自己的召回率。",
        "ten shares are needed, one for each digit.": "需要十个比例，每个数字一个。",
        "you have {answer}: that is the step without the penalty.": "你的答案是 {answer}：这是没有惩罚项的一步。",
        "you have {answer}: the penalty has a factor of ½, which cancels the 2 of the derivative.": "你的答案是 {answer}：惩罚项里有系数 ½，它与求导得到的 2 约掉了。",
        "you have {answer}: the derivative of the penalty is not the decay alone. It is proportional to w.": "你的答案是 {answer}：惩罚项的导数不只是 decay，它与 w 成正比。",
        "you have {answer}: the decay must be multiplied by the rate as well.": "你的答案是 {answer}：衰减也要乘以学习率。",
        "you have {answer}: that lets the parameter grow. The penalty's slope is subtracted, too.": "你的答案是 {answer}：这样参数会变大。惩罚项的斜率也要减去。",
        "you have {answer}: you went uphill. The step goes against the slope.": "你的答案是 {answer}：你往上走了。步子要与斜率方向相反。",
        "you have {answer}: that is the slope of the whole cost. Take a step with it.": "你的答案是 {answer}：这是整个代价的斜率。还要用它走一步。",
        "With no slope at all, the parameter would still shrink, by 3 % in each step.": "即使斜率为零，参数每一步仍会缩小 3%。",
        "you chose by the test images, too. Then they are no longer a test: take the network that you chose before.": "你又根据测试图像选了一次，那它们就不再是测试了：应当用先前选定的那个网络。",
        "you have the same number twice, the validation accuracy. Measure the chosen network on the test images.": "你给了两个相同的数，都是验证准确率。请在测试图像上衡量选定的网络。",
        "that is the mean of all networks. Take the one that seems best.": "这是所有网络的平均值。应当取看起来最好的那一个。",
        "an accuracy is needed, not the place of the network in the list.": "需要的是准确率，而不是网络在列表中的位置。",
        "there is a better one among the hundred, by the validation images.": "按验证图像来看，一百个当中还有更好的。",
        "It is no better than guessing; it was lucky on the images by which you chose it.": "它并不比瞎猜强，只是在用来挑选它的图像上运气好。",
    }
)

# 9. 卷积网络
_english.TRANSLATIONS.update({})

# 10. 从标量到张量
_english.TRANSLATIONS.update({})

# 11. 一个微型 GPT
_english.TRANSLATIONS.update({})

# 12. 神经网络之外
_english.TRANSLATIONS.update({})
