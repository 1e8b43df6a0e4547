"""练习的检查，与 `notebooks/checks` 相同，只是用中文回答。"""

import importlib.util
import sys
from pathlib import Path

_folder = Path(__file__).resolve().parent.parent / "checks"
_spec = importlib.util.spec_from_file_location("english_checks", _folder / "__init__.py", submodule_search_locations=[str(_folder)])
assert _spec is not None
assert _spec.loader is not None
_english = importlib.util.module_from_spec(_spec)
sys.modules["english_checks"] = _english
_spec.loader.exec_module(_english)
globals().update({name: value for name, value in vars(_english).items() if name.startswith("check_")})

_english.TRANSLATIONS.update(
    {
        "not yet.": "还没有作答。",
        "right.": "正确。",
        "not what it should be. A hint is below.": "还不对。下面有提示。",
        "close: your number is rounded. Give the expression, or more digits.": "很接近，只是舍入了。请写出算式，或多给几位数。",
        "{one} and {other} have changed places.": "{one} 和 {other} 写颠倒了。",
        "not right yet: {parts}. The rest is right.": "还不对的是 {parts}，其余正确。",
        "not yet: your function returns nothing. Is `return` missing?": "还没有作答：函数什么也没有返回。是不是漏了 return？",
        "this should be a function, given without calling it.": "这里要的是函数本身，不要调用它。",
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
        "{found}: you made the car faster by a whole step, and the curve bends on the way. The derivative is what this comes to for smaller and smaller steps: 1 + 30/8.": "{found}：你让车速增加了一整步，而曲线在途中是弯的。步长越来越小时，这个比值所趋近的才是导数：1 + 30/8。",
        "8.25 is 3.5 + 4.75: the new gradient was added to the old one. Set v.grad = 0.0 first.": "8.25 是 3.5 + 4.75：新的梯度加到了旧的上面。请先写 v.grad = 0.0。",
        "7 is 3.5 twice: changing v.data does not rebuild the graph, and gradients add up. Make a new Value(30.0), and build d again.": "7 是两个 3.5：改变 v.data 并不会重建计算图，而梯度会累加。请创建新的 Value(30.0)，再把 d 重新搭一遍。",
        "this is a whole distance. Asked for is how much longer it becomes.": "这是整段距离。要求的是它会变长多少。",
        "At 20 metres a second it was 3.5: the faster the car, the more a little more speed costs.": "每秒 20 米时是 3.5：车越快，再快一点的代价就越大。",
        "with respect to q you have −5: one of the two paths is missing, the one through the product p q.": "对 q 的导数你得到 −5：两条路径少了一条，就是经过乘积 p q 的那条。",
        "with respect to q you have −6: one of the two paths is missing, the one that goes from q straight to the last product.": "对 q 的导数你得到 −6：两条路径少了一条，就是从 q 直接到最后一个乘法的那条。",
        "with respect to q you have 30: along a path one multiplies, but the results of the two paths are added.": "对 q 的导数你得到 30：沿一条路径要相乘，但两条路径的结果要相加。",
        "with respect to p you have −2, which is one local derivative alone. The path from p has three arrows: multiply along all of them.": "对 p 的导数你得到 −2，那只是一个局部导数。从 p 出发的路径上有三个箭头：要沿路全部乘起来。",
        "paths from q, by your count: {found}. Follow the arrows from q: each product has one from it.": "从 q 出发的路径，你数出了 {found} 条。顺着从 q 引出的箭头走：两个乘法各有一个。",
        "the derivative with respect to q is right, that with respect to p is not: watch the signs along p → m → n → g.": "对 q 的导数正确，对 p 的导数不对：请留意沿 p → m → n → g 各处的正负号。",
        "Where a value is used twice, its gradients add up: −5 − 6.": "一个值用了两次，它的两份梯度就相加：−5 − 6。",
        "additions only, please: there is a {found} in the graph.": "只能用加法：图里有一个 {found}。",
        "{found} paths lead from x to y, and it should be 89. From each node to the next you may go back one or two.": "从 x 到 y 有 {found} 条路径，应当是 89 条。每个新节点都可以用到前面一个或两个节点。",
        "89 paths, but {found} additions. Add up what was already added up: then the paths multiply.": "路径是 89 条，但用了 {found} 次加法。把加出来的结果再相加，路径数就会成倍增长。",
        "the graph is right, the gradient is not. Along each path the product of the local derivatives is 1; how many paths are there?": "图是对的，梯度不对。沿每条路径，局部导数的乘积都是 1；那么有多少条路径？",
        "All local derivatives are 1, so the gradient is the number of paths.": "所有局部导数都是 1，所以梯度就是路径的条数。",
        "x is back at 0, so f itself is in your fraction. Newton's step has f only by its derivatives: divide f′ by f″.": "x 又回到了 0，可见你的分式里有 f 本身。牛顿法的一步里只有 f 的导数：用 f′ 除以 f″。",
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
_english.TRANSLATIONS.update(
    {
        "Only a2 − y has changed.": "只有 a2 − y 变了。",
        "your dz2 is still the one for the target 1. Here the target is 0.": "你的 dz2 仍是目标为 1 时的那个。这里的目标是 0。",
        "the sign of dz2 is wrong: it is the output minus the target.": "dz2 的符号错了：应当是输出减去目标。",
        "your dz2 is da2. One step further back, multiply by the slope of the sigmoid, a2 (1 − a2).": "你的 dz2 其实是 da2。还要再往回走一步，乘以 sigmoid 的斜率 a2 (1 − a2)。",
        "dz2 is right. For dw2 you took the input x, but a1 is what comes into the output neuron.": "dz2 正确。求 dw2 时你用了输入 x，但进入输出神经元的是 a1。",
        "dz2 is right. Your dw2 is da1: the factor for a weight is its input, not the weight itself.": "dz2 正确。你的 dw2 其实是 da1：对权重求导时，因子是它的输入，而不是权重本身。",
        "dz2 is right. Your dw2 is db2: the factor a1 is missing.": "dz2 正确。你的 dw2 其实是 db2：缺了因子 a1。",
        "dz2 is right, dw2 is not. What comes into the output neuron?": "dz2 正确，dw2 不对。进入输出神经元的是什么？",
        "Only dz1 = da1 (1 − a1²) is new.": "只有 dz1 = da1 (1 − a1²) 是新的。",
        "you have {answer}, with a1 (1 − a1), the slope of a sigmoid. The hidden neuron has a tanh now.": "你得到 {answer}，用的是 sigmoid 的斜率 a1 (1 − a1)。现在隐藏神经元用的是 tanh。",
        "you have {answer}. The slope of tanh is 1 − a1²: the square is missing.": "你得到 {answer}。tanh 的斜率是 1 − a1²：漏了平方。",
        "you have {answer}, which is dz1. For dw1 one factor is missing: the input x.": "你得到 {answer}，这是 dz1。要得到 dw1，还缺一个因子：输入 x。",
        "you have {answer}. The step from da1 to dz1, through the activation, is missing.": "你得到 {answer}。缺了从 da1 穿过激活函数到 dz1 的那一步。",
        "you have {answer}, as in the network with two sigmoids. Compute a1 and a2 anew, with the tanh.": "你得到 {answer}，这是有两个 sigmoid 的网络的结果。请用 tanh 重新计算 a1 和 a2。",
        "you have {answer}: only the sign is wrong. dz2 is the output minus the target.": "你得到 {answer}：只有符号错了。dz2 是输出减去目标。",
        "It is the output minus the target, as with a sigmoid and the binary cross-entropy.": "就是输出减去目标，与 sigmoid 配二元交叉熵时一样。",
        "the sign is wrong. A larger logit of the right class lowers the cost, so its error is negative.": "符号错了。正确类别的对数几率越大，代价越小，所以它的误差是负的。",
        "you multiplied by a (1 − a), the slope of a sigmoid. With this cost it cancels.": "你乘上了 sigmoid 的斜率 a (1 − a)。用这个代价时，它会被约掉。",
        "that is ∂C/∂a. The step back through the softmax is missing.": "这是 ∂C/∂a。还缺往回穿过 softmax 的那一步。",
        "you let each logit act on its own output only. A softmax mixes them: the wrong classes have an error too.": "你让每个对数几率只影响它自己的输出。softmax 会把它们混在一起：错误的类别也有误差。",
        "BP3 and BP4 take the mean over the samples; BP1 and BP2 stay as they are.": "BP3 和 BP4 对样本取平均值，BP1 和 BP2 保持不变。",
        "the mean is right, but the shape is not: it should be a column, as b is. Write keepdims=True.": "平均值是对的，形状不对：应当像 b 那样是一列。请写上 keepdims=True。",
        "your gradient of the weights has rows and columns exchanged: one row for each neuron the weights lead to.": "权重梯度的行与列颠倒了：每一行对应权重所通向的一个神经元。",
        "you divided by the number of neurons. m is the number of samples, X.shape[1].": "你除以了神经元的个数。m 是样本数，即 X.shape[1]。",
        "the sum for the biases runs over the neurons. The samples are the columns: axis=1.": "你对偏置求和时，是对神经元求的和。样本是各列：axis=1。",
        "a gradient of a bias has a column for each sample. There is only one bias: add up over the samples.": "偏置的梯度中每个样本占了一列。偏置只有一个：要对样本求和。",
        "these are the gradients of the sum of the costs. The mean has a factor 1/m.": "这是代价之和的梯度。平均值还有因子 1/m。",
        "the biases are right. The weights need a mean over the samples, too.": "偏置的梯度正确。权重的梯度也要对样本取平均值。",
        "the weights are right. The biases need a mean over the samples, too.": "权重的梯度正确。偏置的梯度也要对样本取平均值。",
    }
)

# 4. 为什么需要隐藏层
_english.TRANSLATIONS.update(
    {
        "AND(OR, NAND) is XOR.": "AND(OR, NAND) 就是 XOR。",
        "the line of a gate goes through a corner, and there its answer is ½. Move the line between the corners with the bias.": "有一个门的直线穿过了一个角，它在那里的回答是 ½。用偏置把直线移到两个角之间。",
        "the lines are right, but an answer is not within 0.01 of 0 or 1. Multiply weights and bias by a larger number.": "直线都对了，但有一个回答与 0 或 1 相差超过 0.01。把权重和偏置乘以更大的数。",
        "your OR is an AND: it asks for both inputs. Its threshold is between 0 and 1 inputs.": "你的 OR 其实是 AND：它要求两个输入都为 1。OR 的阈值在 0 个和 1 个输入之间。",
        "OR is wrong at a corner. It is 0 at (0, 0) only, so its threshold is between 0 and 1 inputs.": "OR 在某个角上错了。它只在 (0, 0) 处为 0，所以阈值在 0 个和 1 个输入之间。",
        "your NAND is an AND. Turn the signs of both weights and of the bias.": "你的 NAND 其实是 AND。把两个权重和偏置的符号都反过来。",
        "NAND is wrong at a corner. It is 0 at (1, 1) only.": "NAND 在某个角上错了。它只在 (1, 1) 处为 0。",
        "your AND is an OR: one input is enough for it. Its threshold is between 1 and 2 inputs.": "你的 AND 其实是 OR：有一个输入为 1 就够了。AND 的阈值在 1 个和 2 个输入之间。",
        "AND is wrong at a corner. It is 1 at (1, 1) only.": "AND 在某个角上错了。它只在 (1, 1) 处为 1。",
        "A side is a line at the distance 0.7, and the output neuron is an AND of n.": "每条边是一条到原点的距离为 0.7 的直线，输出神经元则是 n 个输入的 AND。",
        "this neuron is active outside, beyond the side. Turn the signs of its weights and its bias.": "这个神经元在外侧、也就是边的另一边才激活。把权重和偏置的符号都反过来。",
        "the weights point outwards, away from the ring. Turn their signs.": "权重指向外侧，背离了圆环。把它们的符号反过来。",
        "the weights are right, but the bias has the wrong sign: at the origin the neuron must be active.": "权重正确，但偏置的符号错了：神经元在原点处必须激活。",
        "the weights are right. The bias has to be multiplied by steep as well, or the line moves.": "权重正确。偏置也要乘以 steep，否则直线会移动。",
        "cosine and sine have changed places.": "余弦和正弦的位置颠倒了。",
        "the hidden neuron is not right yet. It is active where 0.7 − x₁ cos φ − x₂ sin φ is positive.": "隐藏神经元还不对。它在 0.7 − x₁ cos φ − x₂ sin φ 为正的地方激活。",
        "the sides are right. The output neuron is an OR: it is active as soon as one side is.": "各条边正确。你的输出神经元是 OR：只要有一条边激活，它就激活。",
        "the sides are right. The threshold is exactly at n, so even in the middle of the ring the answer is ½.": "各条边正确。阈值恰好等于 n，所以即使在圆环中央，回答也是 ½。",
        "the sides are right. With a bias above 0 the output neuron is active everywhere: the bias is minus the threshold.": "各条边正确。偏置大于 0 时，输出神经元处处激活：偏置等于负的阈值。",
        "the sides are right. The threshold is above n, which the sum never reaches.": "各条边正确。阈值大于 n，而总和永远达不到。",
        "the sides are right. The threshold must be between n − 1 and n, times steep.": "各条边正确。阈值必须在 n − 1 和 n 之间，再乘以 steep。",
        "Without an activation two layers are one.": "没有激活函数，两层就等于一层。",
        "the weights are right. The biases of the hidden neurons are missing: they arrive times 2 and times −1.": "权重正确。漏了隐藏神经元的偏置：它们分别乘以 2 和 −1 之后传到输出。",
        "the weights are right. The output neuron's own bias, 0.25, is missing.": "权重正确。漏了输出神经元自己的偏置 0.25。",
        "the weights are right. You added the biases as they are; those of the hidden neurons are multiplied by 2 and by −1.": "权重正确。你把偏置直接相加了；隐藏神经元的偏置要分别乘以 2 和 −1。",
        "the weights are right. In the bias, −1 times −3 is +3.": "权重正确。偏置中 −1 乘以 −3 得 +3。",
        "you added the weights of the hidden neurons. The output takes h₁ twice and subtracts h₂.": "你把隐藏神经元的权重直接相加了。输出是 2 倍的 h₁ 减去 h₂。",
        "you combined the rows of W₁. The weight of x₁ is made of its column for x₁: 1 and −1.": "你组合的是 W₁ 的行。x₁ 的权重由 W₁ 中对应 x₁ 的那一列得到：1 和 −1。",
        "h₂ is subtracted, and with it both of its weights. You added it.": "h₂ 是被减去的，它的两个权重也要一起减去。你却把它加上了。",
        "the weights are right, the bias is not: it is 2 · 0.5 − 1 · (−3) + 0.25.": "权重正确，偏置不对：它等于 2 · 0.5 − 1 · (−3) + 0.25。",
        "A step up, and the same step taken away a little later.": "先上一个台阶，稍后再把同样的台阶减去。",
        "a weight of 0 makes no step at all.": "权重为 0 时，根本没有台阶。",
        "your steps are at negative x. The step of σ(w x + b) is at −b/w, so w and b need different signs.": "你的台阶在 x 为负的地方。σ(w x + b) 的台阶在 −b/w 处，所以 w 和 b 的符号必须相反。",
        "far to the left the sum is not 0. Let both sigmoids go up (w1 and w2 above 0), and take the second one away: v2 below 0.": "在最左边，总和不是 0。让两个 sigmoid 都上升（w1 和 w2 大于 0），再把第二个减去：v2 小于 0。",
        "both steps are taken as steps up, and on the right they add up to 2. The second one has to be taken away: v2 = −1.": "两个台阶都是往上的，在右边加起来等于 2。第二个必须减去：v2 = −1。",
        "the bump points downward. Turn the signs of v1 and v2.": "鼓包朝下了。把 v1 和 v2 的符号反过来。",
        "the steps are in the right places, but too gentle. Make w1 and w2 larger, and the biases with them.": "台阶的位置对了，但不够陡。把 w1 和 w2 调大，偏置也要相应调大。",
        "a step is in the wrong place. Steps are at −b/w, and belong between 0.35 and 0.4 and between 0.6 and 0.65.": "有一个台阶的位置不对。台阶在 −b/w 处，应当分别落在 0.35 与 0.4 之间、0.6 与 0.65 之间。",
    }
)

# 5. 初始化与梯度消失
_english.TRANSLATIONS.update(
    {
        "The variance is 1/a, so the signal keeps its size.": "方差是 1/a，所以信号的大小保持不变。",
        "the variance of your weights is not 1/a. A hint is below.": "你的权重的方差不是 1/a。下面有提示。",
        "each call should return one number. Yours returns a {found}.": "每次调用都应当返回一个数，而你返回的是 {found}。",
        "the numbers are right, but no gradient comes back through the layer: use its outputs as they are, without `.data`.": "数值是对的，但没有梯度穿过这一层传回来：请直接使用它的输出，不要取 `.data`。",
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
_english.TRANSLATIONS.update(
    {
        "your image has 9 rows: the last one has to drop out.": "你的图像有 9 行：最后一行应当移出去。",
        "your image has 7 rows: a row of zeros comes in where one left.": "你的图像只有 7 行：移出一行，就要补进一行 0。",
        "you moved the image up: the row of zeros comes first, not last.": "你把图像上移了：那行 0 应当在最前面，而不是最后面。",
        "what leaves at the bottom comes in at the top: put zeros there.": "从底部移出的行又从顶部进来了：顶部应当是一行 0。",
        "you moved the image to the right: what comes in is a row, not a column.": "你把图像右移了：补进来的应当是一行，而不是一列。",
        "this is the old image: put a row of zeros before its first seven rows.": "这还是原来的图像：在它的前七行之前放一行 0。",
        "the image is right, but not all six rows are old ones: what does the kernel touch at its first position?": (
            "图像对了，但并非六行都是旧的：卷积核在第一个位置上碰到了什么？"
        ),
        "the image is right. You compared rows at the same place: row i + 1 of the new output belongs to row i of the old one.": (
            "图像对了。你比较的是同一位置的行：新输出的第 i + 1 行应当与旧输出的第 i 行比较。"
        ),
        "the image is right, but more rows are old ones: the row that came in is below the kernel only where the kernel is at the top.": (
            "图像对了，但旧的行不止这么多：只有卷积核在最上面时，下面才有移进来的那一行。"
        ),
        "The first row alone is new: there, the kernel touches the row that came in.": (
            "只有第一行是新的：在那里，卷积核碰到了移进来的那一行。"
        ),
        "your output has 6 × 6 numbers: the kernel still moves by one pixel at a time.": (
            "你的输出是 6 × 6 个数：卷积核每次仍然只移动一个像素。"
        ),
        "the stride is missing in one of the two directions.": "有一个方向上漏了步幅。",
        "all nine numbers are off by the same amount: what about the bias?": "九个数都差了同样多：偏置呢？",
        "3 × 3 numbers, and the first is right: output (1, 1) lies at row 2 and column 2 of the image, not at row 1 and column 1.": (
            "是 3 × 3 个数，第一个也对：但输出 (1, 1) 应当从图像的第 2 行第 2 列算起，而不是第 1 行第 1 列。"
        ),
        "your output has a fourth row or column: there, the kernel hangs over the edge.": (
            "你的输出多出了第四行或第四列：在那里，卷积核伸到了图像外面。"
        ),
        "The kernel begins at rows 0, 2 and 4.": "卷积核从第 0、2、4 行开始。",
        "1 is what one window hands to the pixel in the middle. In how many windows does it lie?": (
            "1 是一个窗口传给中间像素的梯度。这个像素在几个窗口里？"
        ),
        "the middle is right. A maximum hands nothing to the pixels that are not the largest.": (
            "中间的对了。最大值不会把梯度传给不是最大的像素。"
        ),
        "that is how averages share. A maximum hands nothing to the pixels that are not the largest.": (
            "那是平均值的分法。最大值不会把梯度传给不是最大的像素。"
        ),
        "there are two rows of two windows each, and the pixel in the middle lies in all of them.": (
            "窗口有两行，每行两个，中间的像素在每一个窗口里。"
        ),
        "windows of 2 × 2 have four positions on an image of 3 × 3, not nine.": "2 × 2 的窗口在 3 × 3 的图像上有四个位置，不是九个。",
        "It lies in all four windows and wins each of them.": "它在全部四个窗口里，而且每次都最大。",
        "that is the number of all parameters, and it is right: now say it for each of the four layers.": (
            "这是参数总数，而且是对的：现在请对四层分别回答。"
        ),
        "these are the weights. There are biases too: one for each kernel, and one for each output.": (
            "这只是权重。还有偏置：每个卷积核一个，每个输出一个。"
        ),
        "the second convolution sees 8 channels: each kernel has 2 × 2 weights for each of them.": (
            "第二个卷积层看到 8 个通道：每个卷积核对每个通道都有 2 × 2 个权重。"
        ),
        "a kernel of the second convolution has one bias, not one for each channel.": (
            "第二个卷积层的每个卷积核只有一个偏置，而不是每个通道一个。"
        ),
        "the kernels of the second convolution are 2 × 2, not 3 × 3.": "第二个卷积层的卷积核是 2 × 2，不是 3 × 3。",
        "a fully connected layer has one bias for each output, not one for each input.": (
            "全连接层的偏置是每个输出一个，而不是每个输入一个。"
        ),
        "More than two thirds of all parameters are in the first fully connected layer.": "全部参数的三分之二以上都在第一个全连接层。",
    }
)

# 10. 从标量到张量
_english.TRANSLATIONS.update(
    {
        "in (a) each of six vectors meets each of six others: one full grid.": "(a) 中六个向量各与另外六个相遇：一个完整的网格。",
        "in (b) each vector meets only one other. Six dots that share nothing are a vector instruction.": "(b) 中每个向量只与另一个相遇。毫无共同之处的六个点积是一条向量指令。",
        "in (c) one pair is missing. A product computes all pairs, so a grid with a hole stays single dots.": "(c) 中缺了一对。矩阵乘积要算所有的配对，所以有空洞的网格仍是一个个点积。",
        "in (d) an even i never meets an odd j, so the grid of 6 × 6 is not full. How many full grids are in it?": "(d) 中偶数 i 从不与奇数 j 相遇，所以 6 × 6 的网格不是满的。其中有几个完整的网格？",
        "in (d) sort the indices, 0, 2, 4 and then 1, 3, 5: two parts of the table are full.": "(d) 中请给下标排序，先 0、2、4，再 1、3、5：表中有两块是满的。",
        "none of the four numbers is above 2. A matrix product is a full grid.": "四个数都不超过 2。矩阵乘积是一个完整的网格。",
        "Only a full grid is a matrix product.": "只有完整的网格才是矩阵乘积。",
        "the taxes are right, but there is more than one program: an if is left. Choose with where.": "税额是对的，但程序不止一个：还留着 if。请用 where 来选择。",
        "above 50, the 8 are missing that are due for what lies between 10 and 50.": "50 以上缺了 8，那是 10 到 50 之间的部分应缴的税。",
        "above 50, 40 % are due of what is above 50, not of the whole income.": "50 以上只对超过 50 的部分征 40 %，而不是对全部收入。",
        "below 10 there is no tax; yours is negative there.": "10 以下不征税，而你的税额在那里是负的。",
        "on what lies between 10 and 50, 20 % are due: of 20 that is 2, and you have 4.": "10 到 50 之间的部分征 20 %：收入 20 应缴 2，你得到的是 4。",
        "the taxes on 0, 5, 10, 20, 50, 60 and 100 should be 0, 0, 0, 2, 8, 12 and 28.": "收入 0、5、10、20、50、60 和 100 的税额应当是 0、0、0、2、8、12 和 28。",
        "One program has all three brackets.": "一个程序包含了全部三档。",
        "the values are weighted by the scores themselves: the softmax is missing.": "你直接用得分给值加权了：还缺 softmax。",
        "the outputs are not yet the weighted sums: number k is the dot product of the weights with number k of each value.": "输出还不是加权和：第 k 个数是权重与各个值的第 k 个数的点积。",
        "the loop is right, and the shapes are in the other order: the weights come first.": "循环是对的，形状的次序反了：先算权重。",
        "the loop is right. The second product gives the outputs: six positions, four numbers each.": "循环是对的。第二次乘积得到输出：六个位置，各四个数。",
        "the loop is right. There are two products: one for all scores, and one for all outputs.": "循环是对的。一共有两次乘积：一次得到所有得分，一次得到所有输出。",
        "the loop is right. For the shapes: six queries meet six keys, then six rows of weights meet four columns of values.": "循环是对的。至于形状：六个查询遇到六个键，然后六行权重遇到值的四列。",
        "Both steps of attention are full grids.": "注意力的两步都是完整的网格。",
    }
)

# 11. 一个微型 GPT
_english.TRANSLATIONS.update(
    {
        "one n · d is missing: the tokens have a row in `token`, and one in `score`.": "少了一个 n · d：每个词元在 `token` 中有一行，在 `score` 中也有一行。",
        "one of the matrices of the MLP is missing: there is one to four times the width, and one back.": "少了 MLP 的一个矩阵：一个把宽度变为四倍，一个变回来。",
        "one d² is missing: attention has query, key and value, and the matrix that mixes the heads.": "少了一个 d²：注意力有查询、键和值，还有一个混合各个头的矩阵。",
        "the c · d of the positions are missing.": "少了位置的 c · d 个参数。",
        "the matrices of the MLP are four times as large as those of attention: 4 d by d.": "MLP 的矩阵是注意力的矩阵的四倍大：4 d 乘 d。",
        "with n, c, d = 26, 8, 16 there are 4032. Add up rows times columns of each matrix.": "n, c, d = 26, 8, 16 时有 4032 个。请把每个矩阵的行数乘列数加起来。",
        "Most of them are in the MLP.": "其中大部分在 MLP 里。",
        "an entropy is not negative: the logarithms are, so the sum needs a minus.": "熵不是负的：负的是对数，所以总和前面要有负号。",
        "your entropy falls with the temperature: the scores are multiplied by it. Divide.": "你的熵随温度下降：得分是乘以温度了。应当除以温度。",
        "your entropy is the same at every temperature: divide the scores by it, before softmax.": "你的熵在任何温度下都一样：请在 softmax 之前把得分除以温度。",
        "divide the scores by the temperature, apply softmax, and take minus the sum of p log p.": "把得分除以温度，做 softmax，再取 p log p 之和的相反数。",
        "The higher the temperature, the more undecided the model.": "温度越高，模型越犹豫不决。",
        "in your model the positions, and only those, should be zeros.": "你的模型中，位置应当是 0，而且只有位置是 0。",
        "not all of them: the last position asks with its own query, so the last letter must be the same.": "不是全部：最后一个位置用自己的查询提问，所以最后一个字母必须相同。",
        "there is one: attention adds up over the earlier letters, and a sum does not know their order.": "有一个：注意力对前面的字母求和，而和不知道它们的次序。",
        "one of yours is right. In the others the last letter, which asks, is not c.": "你选的当中有一个是对的。其余的，最后那个提问的字母不是 c。",
        "the last letter asks, so it must be c. Which word has the same letters before it?": "提问的是最后一个字母，所以它必须是 c。哪个单词在它前面有同样的字母？",
        "Without positions, the earlier letters may change places.": "没有位置，前面的字母就可以交换次序。",
        "only the diagonal is there: each score also moves the other probabilities, by −p_i p_j.": "只有对角线：每个得分还会改变其他的概率，变化率为 −p_i p_j。",
        "the signs are the other way round: a higher score makes its own probability larger.": "正负号反了：得分越高，它自己的概率越大。",
        "off the diagonal δ is 0, not 1: there stands −p_i p_j.": "对角线之外 δ 是 0，不是 1：那里是 −p_i p_j。",
        "off the diagonal the sign is wrong: what one probability gains, the others lose.": "对角线之外的正负号错了：一个概率增加的，正是其他概率失去的。",
        "on the diagonal stands p_i (1 − p_i), elsewhere −p_i p_j.": "对角线上是 p_i (1 − p_i)，其他地方是 −p_i p_j。",
        "Each row adds up to 0: the probabilities can only take from each other.": "每行的和为 0：各个概率只能此消彼长。",
    }
)

# 12. 神经网络之外
_english.TRANSLATIONS.update(
    {
        "the pendulum has not moved: `swing` returns the state that it was given.": "摆没有动：`swing` 返回的还是给它的状态。",
        "the force has the wrong sign: it pulls back, −sin φ.": "力的符号反了：它把摆拉回来，是 −sin φ。",
        "the speed changes by −sin φ, not by −cos φ.": "速度的变化率是 −sin φ，不是 −cos φ。",
        "that is −φ in place of −sin φ, which is right for small angles only.": "你用 −φ 代替了 −sin φ，这只在角度很小时成立。",
        "the force is right, but count the steps: 100 are asked for.": "力对了，但请数一数步数：要求走 100 步。",
        "the state is right, the determinant is not: take np.linalg.det of jacobian(swing)([2.0, 1.0]).": (
            "状态对了，行列式不对：对 jacobian(swing)([2.0, 1.0]) 用 np.linalg.det。"
        ),
        "the state after 100 steps of 0.05 is another one. A hint is below.": "走 100 步、每步 0.05 之后的状态不是这个。下面有提示。",
        "The determinant is 1 from any beginning: areas of states are kept.": "从任何状态开始，行列式都是 1：状态区域的面积保持不变。",
        "compute it: 81 numbers are asked for, one for each spot, and should come out as 0.": (
            "请算出来：要的是 81 个数，每个标的价格一个，结果应当都是 0。"
        ),
        "theta has the wrong sign: it is minus the derivative with respect to the time that is left.": (
            "theta 的符号反了：它是对剩余时间的导数的相反数。"
        ),
        "the factor ½ before gamma is missing.": "gamma 前面漏了因子 ½。",
        "the volatility is squared in the second term.": "第二项里的波动率要平方。",
        "the spot is squared in the second term.": "第二项里的标的价格要平方。",
        "the last term is missing: −r C.": "漏了最后一项：−r C。",
        "the last term has a minus: −r C.": "最后一项带负号：−r C。",
        "The price fulfils the equation at all 81 spots.": "在全部 81 个标的价格上，期权价格都满足这个方程。",
        "the strike is paid after T years, so it is discounted: K e^(−rT).": "行权价 T 年之后才支付，所以要折现：K e^(−rT)。",
        "the price is that of the call with a minus: it is Φ(−d), not Φ(d).": "这是看涨期权价格的相反数：应当是 Φ(−d)，不是 Φ(d)。",
        "that is the price of the call.": "这是看涨期权的价格。",
        "the price has the wrong sign: the strike is received, and the asset is given away.": (
            "价格的符号反了：收进的是行权价，交出的是资产。"
        ),
        "the put is right. Its delta is negative: take the delta of the call minus that of the put, not the other way round.": (
            "看跌期权对了。它的 delta 是负的：要用看涨的 delta 减去看跌的，不要反过来。"
        ),
        "the put is right, but the deltas differ: that of a put is negative.": (
            "看跌期权对了，但两个 delta 并不相同：看跌期权的 delta 是负的。"
        ),
        "only the gammas are not right: differentiate the deltas' difference.": "只有 gamma 不对：对两个 delta 之差再求导。",
        "the put is right, the difference of the deltas is not: it is the same at every spot.": (
            "看跌期权对了，两个 delta 之差不对：它在每个标的价格上都一样。"
        ),
        "the price of the put is not right. A hint is below.": "看跌期权的价格不对。下面有提示。",
        "C − P = S − K e^(−rT), differentiated once and twice.": "对 C − P = S − K e^(−rT) 求一次导、两次导即得。",
        "that is the determinant, 0.782: w is its root.": "这是行列式 0.782：w 是它的平方根。",
        "you have 0: det(JᵀJ) is always 0 for three angles; J Jᵀ is the matrix of 2 × 2.": (
            "你得到 0：有三个角度时，det(JᵀJ) 总是 0；J Jᵀ 才是 2 × 2 的矩阵。"
        ),
        "w is right, but the gradient is that of w²: take the gradient after the root.": "w 对了，但这是 w² 的梯度：先开方，再求梯度。",
        "w is right, but the gradient has the wrong sign: uphill is where w grows.": "w 对了，但梯度的符号反了：梯度指向 w 增大的方向。",
        "w is right, its gradient is not: grad(manipulability) at [0.3, 0.9, −0.4].": (
            "w 对了，梯度不对：在 [0.3, 0.9, −0.4] 处求 grad(manipulability)。"
        ),
        "that is the determinant of the first two columns only: J has three.": "这只是前两列的行列式：J 有三列。",
        "The first derivative is 0: the shoulder only turns the arm as a whole.": "第一个导数是 0：肩关节只是让整条手臂转动。",
    }
)
# 13. 速度与术语
_english.TRANSLATIONS.update(
    {
        "you have {answer}: after 16 steps the eager engine took 160 ms, and the compiled one 168. Its steps take time as well.": "你的答案是 {answer}：16 步之后，即时执行的引擎用了 160 毫秒，编译过的用了 168 毫秒。它的每一步也要花时间。",
        "you have {answer}, where both take equally long. Steps are whole, so round up.": "你的答案是 {answer}，这时两者用时相同。步数是整数，所以要向上取整。",
        "17 steps are enough: 170 ms against 168.5.": "17 步就够了：170 毫秒对 168.5 毫秒。",
        "after n steps the one took 10 n ms, the other 160 + 0.5 n. From which n on is the second less?": "n 步之后，一个用了 10 n 毫秒，另一个用了 160 + 0.5 n 毫秒。从哪个 n 起，后者更少？",
        "17 eager steps take 170 ms; compiled, with the recording, they take 168.5.": "即时执行 17 步要 170 毫秒；编译之后，连同记录，要 168.5 毫秒。",
        "that is how many times as fast theirs is. Divide the other way round.": "这是 `theirs` 的速度的倍数。请反过来除。",
        "you have {answer}, the ratio of the means: one disturbed turn of each decides it. Which average ignores it?": "你的答案是 {answer}，即平均值之比：它取决于各自受干扰的那一轮。哪种平均数不理会它？",
        "you have {answer}, the ratio of the fastest turns: one lucky turn decides it. Take the medians.": "你的答案是 {answer}，即最快一轮之比：它取决于碰巧很快的一轮。请取中位数。",
        "ours is faster by 200 %, and that is three times as fast.": "`ours` 快了 200 %，也就是速度为三倍。",
        "sort each list, take the number in the middle, and divide theirs by ours.": "把每个列表排序，取中间的数，再用 `theirs` 的除以 `ours` 的。",
        "The medians are 6 ms and 2 ms.": "中位数是 6 毫秒和 2 毫秒。",
        "that is the loss with one softmax. In the trap there are two, one after the other.": "这是只有一个 softmax 时的损失。在这个陷阱里，前后有两个。",
        "that is the loss of another class. The second class has the number 1.": "这是另一类的损失。第二类的编号是 1。",
        "a cross-entropy is never negative: it is minus the logarithm of a probability.": "交叉熵从不为负：它是概率的对数取负。",
        "first softmax(logits), then cross_entropy of that, for class 1.": "先算 softmax(logits)，再对它算第 1 类的 cross_entropy。",
        "With two softmaxes, the loss cannot come below 0.55.": "有两个 softmax 时，损失不可能低于 0.55。",
    }
)
