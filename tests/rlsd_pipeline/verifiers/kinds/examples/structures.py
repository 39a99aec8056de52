"""Sets, tuples, lists, intervals, inequalities, equations, matrices, expressions and text."""

from tests.rlsd_pipeline.verifiers.kinds.examples.example import Example

SET = [
    Example(r"\{1,2\}", [r"\{2,1\}", "x=1 or x=2", "1 or 2", "1, 2", "{2, 1}", r"x = 1, x = 2", "1 and 2"],
            ["(1,2)", "1", r"\{1,3\}", r"\{1,2,3\}", "1 or 3"]),
    Example(r"\pm 3", [r"3, -3", r"x=\pm 3", "3 or -3", r"\{-3, 3\}"], ["3", "-3", r"\pm 2"]),
    Example(r"\left\{\frac{1}{2}, 3\right\}", [r"\{3, 0.5\}", "3 or 1/2"], [r"\{3, 2\}", "3"]),
]  # fmt: skip

TUPLE = [
    Example("(1,2)", ["(1, 2)", "（1，2）", r"\left(1, 2\right)", "1, 2", "(1.0, 2.0)"],
            ["(2,1)", r"\{1,2\}", "(1,2,3)", "(1,3)", "12", "3"]),
    Example("(3,-4)", ["(3, -4)", "(3, −4)"], ["(-4, 3)", "(3, 4)", "-1"]),
    Example(r"(\frac{1}{2}, \sqrt{2})", [r"(0.5, \sqrt 2)"], [r"(\sqrt{2}, \frac{1}{2})", "(0.5, 2)"]),
]  # fmt: skip

LIST = [
    Example("1,2,3", ["1, 2, and 3", "1, 2, 3", "1、2、3", "[1, 2, 3]", "1; 2; 3"],
            ["1,3,2", "1,2", "123", "6", "1,2,3,4", "(1+2+3)"]),
    Example("1,3,2", ["1, 3, 2", "1, 3 and 2"], ["1,2,3", "1,2"]),
    Example("red, blue", ["red, blue", "Red and blue", "red and blue"], ["blue, red", "red", "red, green"]),
    Example("1, 1, 2", ["1, 1 and 2"], ["1, 2", "1, 2, 2", "2, 1, 1"]),
]  # fmt: skip

INTERVAL = [
    Example("[1,2)", [r"1\le x<2", "[1, 2)", "1 ≤ x < 2", r"x \in [1,2)", r"2 > x \geq 1"],
            ["[1,2]", "(1,2)", "1 < x < 2", "1, 2", "[1,3)"]),
    Example(r"(-\infty,3]", [r"x\leq 3", "x ≤ 3", r"x <= 3", r"3 \ge x", "(−∞, 3]"],
            ["x<3", r"x \geq 3", "3", r"(-\infty, 3)"]),
    Example(r"(-\infty,-1)\cup(2,\infty)", ["x<-1 or x>2", r"(2,\infty)\cup(-\infty,-1)", "x>2 or x<-1"],
            ["-1<x<2", "x>2", r"(-\infty,-1]\cup(2,\infty)"]),
    Example("(1,2)", ["1<x<2", "(1,2)"], ["1<x<=2", "[1,2]"]),
]  # fmt: skip

INEQUALITY = [
    Example("x > 3", ["x>3", "3 < x", r"(3, \infty)", r"x \gt 3"], ["x<3", r"x \ge 3", "3", "y > 3", "x > 4"]),
    Example(r"0 < x \leq 5", ["(0, 5]", "0<x≤5", r"5 \geq x > 0"], ["(0,5)", "[0,5]", "0<x", "5"]),
]  # fmt: skip

EQUATION = [
    Example("y = 2x + 1", ["y=2x+1", "y = 1 + 2x", "2x + 1", r"2x - y + 1 = 0"],
            ["y = 2x", "y = x + 1", "1", "x = 2y + 1"]),
    Example("x = 5", ["5", "x=5", "x = 5.0"], ["x = 6", "5 = 6", "y = 5"]),
    Example("x^2 + y^2 = 25", ["x^2+y^2=25", "25 = x^2 + y^2", "x²+y²=25"], ["x^2+y^2=5", "x^2 - y^2 = 25", "25"]),
    Example(r"25\pi", [r"A = \pi r^2 = 25\pi", r"A = 25 \pi", r"area = 25\pi"],
            [r"A = 5\pi", "A = 25"], "What is the area of the circle?"),
]  # fmt: skip

MATRIX = [
    Example(r"\begin{pmatrix}1&2\\3&4\end{pmatrix}",
            [r"\begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}", "[[1,2],[3,4]]",
             "[[1, 2], [3, 4]]"],
            [r"\begin{pmatrix}1&3\\2&4\end{pmatrix}", "[[1,2,3,4]]", "-2", "1,2,3,4",
             r"\begin{pmatrix}1&2\\3&5\end{pmatrix}"]),
    Example(r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}", ["(1, 2)", r"\begin{bmatrix}1\\2\end{bmatrix}"],
            ["(2, 1)", r"\begin{pmatrix} 2 \\ 1 \end{pmatrix}", "3"]),
]  # fmt: skip

EXPRESSION = [
    Example(r"8\sqrt{3}", [r"\sqrt{192}", "8√3", "8*sqrt(3)", r"8 \sqrt 3", "13.856406"],
            [r"8\sqrt{2}", "24", r"3\sqrt{8}", "13.8"]),
    Example("x+1", ["1+x", r"x + 1", "(x+1)"], ["x-1", "x", "1", "y+1"]),
    Example(r"\log_2 8", ["3", r"\log_2(8)", "log_2 8"], ["8", r"\log_3 8", "2"]),
    Example("∞", [r"\infty", "∞", "infinity", r"+\infty"], ["0", r"-\infty", "100"]),
    Example(r"\frac{\pi}{6}", ["π/6", r"\pi/6", "30°", "pi/6"], [r"\frac{\pi}{3}", "30", "0.5", r"\pi"]),
    Example("2^{10}x", ["1024x", r"1024 \cdot x"], ["1024", "2x^{10}", "20x"]),
    Example(r"\frac{1}{x+1}", ["1/(x+1)", r"(x+1)^{-1}"], [r"\frac{1}{x}+1", "x+1", "1"]),
    Example(r"\sin(2x)", [r"2\sin x\cos x", r"\sin 2x"], [r"\sin x", r"2\sin x", "0"]),
    Example(r"4-2\sqrt{3}", [r"2(2-\sqrt{3})", "4 - 2√3"], [r"4+2\sqrt{3}", r"2\sqrt{3}-4"]),
    Example(r"$\frac{121}{180}\pi$", [r"\frac{121\pi}{180}", "121π/180"], [r"\frac{121}{180}", r"\frac{180}{121}\pi"]),
]  # fmt: skip

TEXT = [
    Example("No", ["no", "No.", r"\text{No}", '"No"', "**No**"], ["on", "yes", "not no", "No or yes"]),
    Example("yes", ["Yes.", "YES", "“Yes”"], ["no", "yes and no"]),
    Example("listen", ["Listen"], ["silent", "tinsel"]),
    Example("AB", ["AB", "$AB$", "AB."], ["BA", "A", "B"]),
    Example("right triangle", ["a right triangle", "Right  Triangle.", "the right triangle"],
            ["triangle", "not a right triangle", "right"]),
    Example("Wednesday", ["wednesday", r"\text{Wednesday}"], ["Thursday", "Wednesday or Friday"]),
    Example("café", ["cafe\u0301", "Café"], ["cafe", "tea"]),
    Example("red", ["red", "Red", "The color is red."], ["blue", "dark red", "not red", "The color is not red."],
            "What color is the ball?"),
]  # fmt: skip

COLOURS = ("red", "green", "blue", "dark blue")
VALUES = (r"$\frac{3}{4}$", r"$\frac{1}{2}$", "1", "2")
LENGTHS = ("5 cm", "6 cm", "7 cm", "8 cm")
CHOICE = [
    Example("A",
            ["A", "a", "(A)", "[A]", "A.", "A,", '"A"', "Ａ", "（A）", "A。", "答案：A", "选A", "A red", "A - red",
             "A. red", "(A) red", "red", "Red.", "Option A", "The answer is A", "A is correct", r"\text{A}",
             r"\boxed{A}", "**A**", "the correct choice is (A).", "red (A)", "A) red", "正确答案是A", "应选A", "My answer is A", "A、red", "it must be (A), I think", "A: red"],
            ["B", "not A", "not (A)", "(A) is wrong", "A or B", "A and C", "A, B", "(A) green", "anything but A",
             "green", "dark blue", "A dog", "E", "none of them", "everything except (A)", "A. green",
             "neither A nor B", "(B) instead of (A)", "I rule out (A)", "other than (A)", "the opposite of (A)", "I doubt (A)"],
            choices=COLOURS),
    Example("D", ["dark blue", "D", "(D) dark blue", "D dark blue"], ["blue", "C", "not dark blue", "D blue"],
            choices=COLOURS),
    Example("A", [r"\dfrac{3}{4}", "3/4", "0.75", "A", "75%"], ["0.5", "1/2", "3", "4/3", "3/4 or 1/2"],
            choices=VALUES),
    Example("B", ["6", "6 cm", r"6\text{ cm}", "60 mm", "B. 6 cm"], ["5 cm", "60 cm", "9 cm", "6 km"],
            choices=LENGTHS),
]  # fmt: skip

STRUCTURES = {
    "set": SET,
    "tuple": TUPLE,
    "list": LIST,
    "interval": INTERVAL,
    "inequality": INEQUALITY,
    "equation": EQUATION,
    "matrix": MATRIX,
    "expression": EXPRESSION,
    "text": TEXT,
    "choice": CHOICE,
}
