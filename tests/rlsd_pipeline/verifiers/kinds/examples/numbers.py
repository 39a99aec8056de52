"""Numbers, numbers with units, percentages, times, dates and ratios."""

from tests.rlsd_pipeline.verifiers.kinds.examples.example import Example

NUMBER = [
    Example(
        "5",
        ["5", "5.0", "+5", "$5$", r"\(5\)", "**5**", "5.", "five", "5。", "５", "x = 5", "2 + 3 = 5",
         "≈ 5", "(approximately) 5", r"\frac{10}{2}", "The answer is 5.", "Answer: 5", "\u200b5",
         "So the final answer is 5", "about 5", "5 is the answer"],
        ["6", "-5", "5 or 6", "6 = 5", "not 5", "anything but 5", "5 thousand", "5 trillion",
         "twice 5", "fewer than 5", "at least 5", "point 5", "six instead of 5", "5 is wrong",
         "half of 5", "about half of 5", "5.5", "2 3", "between 5 and 6", "2 + 3", "5!", "5^2",
         r"\sqrt{25}", "isn't 5", "5 or six", ">5", "5x"],
    ),
    Example("-5", ["-5", "−5", "–5", "－5", "minus five", "negative 5", "-5.00"], ["5", "|5|", "--5"]),
    Example("391", ["391", "17 × 23 = 391", "17*23=391"], ["17 × 23", r"17 \cdot 23", "(17)(23)", "400-9"]),
    Example("1000", ["1,000", "1 000", r"1\,000", "1e3", "10^3", "10³", "one thousand", r"1{,}000"],
            ["1,00", "100", "1", "1,0000"]),
    Example("0.75", ["3/4", "¾", r"\frac34", r"\dfrac{3}{4}", ".75", "three quarters", "0.750"],
            ["4/3", "75", "0.57", "3", "3.4"]),
    Example("1 1/2", ["1.5", "3/2", r"1\frac{1}{2}", "1½", "one and a half", r"\frac{3}{2}"],
            ["2", "11/2", "1", "0.5", "1 1/3"]),
    Example(r"0.\overline{3}", ["1/3", r"\frac{1}{3}", "0.333333", "0.333...", "0.(3)"],
            ["0.3", "3", "1/2", "0.33"]),
    Example("0.000001", ["1e-6", "10^{-6}", r"1 \times 10^{-6}"], ["0.0000014", "0", "1e-7", "0.0000006"]),
    Example(r"6.6\times 10^{-34}", ["6.60e-34", r"6.6 \cdot 10^{-34}"], ["6.7e-34", "0", r"6.6\times10^{34}"]),
    Example("1010_2", ["1010_2", "1010_{2}", "(1010)_2", r"1010_{\text{two}}"],
            ["1010_3", "1010", "10", "1011_2"]),
    Example("1234567", ["1,234,567", "1234567.0"], ["1234568", "1234560"]),
    Example("2.5 million", ["2,500,000", "2.5 million", r"2.5\times 10^6"], ["2.5", "2.5 billion"]),
]  # fmt: skip

QUANTITY = [
    Example("5", ["5 cm", r"5\ m^2", r"5\text{ dollars}", "5°", "5 units", "5 people", "5 square units", "5 units^2"],
            ["6 cm", "5 cm or 6 cm", "5 thousand dollars", "5 fewer people"]),
    Example("5 cm", ["5", r"5\text{ cm}", "5cm", "50 mm", "0.05 m", "5 centimeters", "5.0 cm"],
            ["5 km", "5 m", "5 cm^2", "50 cm", "5 kg", "500 mm"]),
    Example("3 hours", ["180 minutes", "3 h", "3 hrs", r"3 \text{ hours}", "3"],
            ["3 minutes", "3 days", "180 hours"]),
    Example("60 km/h", [r"60\ \text{km/h}", "60 km per hour", "60 kilometers per hour", "60"],
            ["60 m/s", "60 km", "60 h", "16 km/h"]),
    Example(r"12\text{ m}^2", ["12 square meters", "12 m²", "12 sq m", r"12\ \mathrm{m}^{2}", "12 ㎡"],
            ["12 m", "12 m^3", "12 cm^2"]),
    Example("$5", [r"\$5", "5 dollars", "5", "$5.00", "500 cents", "5 USD"], ["5 euros", "$50", "5 cents"]),
    Example(r"30^\circ", ["30", "30°", "30 degrees", r"\frac{\pi}{6}", r"30^{\circ}", "30º"],
            ["60°", r"\frac{\pi}{3}", "0.30"]),
    Example("2 h 30 min", ["150 minutes", "2 hours 30 minutes", "2.5 hours", "2 hours and 30 minutes"],
            ["2 h", "230 minutes", "2 h 20 min"]),
    Example("8\\sqrt{3} cm", [r"8\sqrt{3}", r"\sqrt{192} \text{ cm}", r"8 \sqrt 3\text{ cm}"],
            [r"8\sqrt{2} cm", r"8\sqrt{3} m", "8 cm"]),
    Example("5 apples", ["5", "5 apples", "five apples"], ["5 oranges", "6 apples", "5 or 6 apples"],
            "How many apples are there?"),
    Example("20 °C", ["20°C", "20 degrees Celsius", "20"], ["20 °F", "25°C"]),
]  # fmt: skip

PERCENT = [
    Example("50%", ["0.5", r"50\%", "50 %", "50 percent", "50", "1/2", r"\frac{1}{2}", "５０％"],
            ["0.5%", "5%", "0.05", "500%", "50 percent more"]),
    Example("0.5", ["50%", r"50\%", "50 per cent"], ["5%", "0.5%", "500%"]),
    Example("0.05", ["5%", "1/20"], ["5", "50%", "0.05%"]),
    Example("40", ["40%", "40", "40 percent"], ["0.4%", "60%"], "What percentage of them is red?"),
    Example(r"33\frac{1}{3}\%", [r"33 1/3 %", r"\frac{1}{3}", r"\frac{100}{3}\%"], ["33%", "30%", "3%"]),
    Example("12.5%", ["0.125", "1/8", r"12.5\,\%"], ["12%", "1.25", "125%"]),
]  # fmt: skip

TIME = [
    Example("2:30", ["2:30", "2 : 30", "02:30", "2：30", "2:30 PM"], ["1:15", "5:00", "2", "30:2", "2:31"]),
    Example("1:30 PM", ["1:30 p.m.", "13:30", "1:30PM", "1:30 pm"], ["1:30 AM", "2:30 PM", "3:10 PM"]),
    Example("12:00", ["12:00", "noon", "12 o'clock", "12:00 PM"], ["7", "12", "0:12", "1:00"]),
    Example("10:15", ["10:15", "10:15 a.m."], ["20:30", "2:3", "10", "10:51"]),
    Example("3 o'clock", ["3:00", "3 o'clock"], ["3:30", "4:00"]),
]  # fmt: skip

DATE = [
    Example("July 4, 1776", ["4 July 1776", "1776-07-04", "Jul 4, 1776", "July 4th, 1776", "July 4"],
            ["July 5, 1776", "4 June 1776", "1776", "July 4, 1777", "4/7/1776"]),
    Example("2024-02-29", ["February 29, 2024", "29 Feb 2024", "29/02/2024"],
            ["28 February 2024", "2024-02-30", "2024"]),
    Example("March 2020", ["March 2020", "March, 2020", "Mar 2020"], ["April 2020", "March 2021"]),
]  # fmt: skip

RATIO = [
    Example("1:2", ["1:2", "1 : 2", "2:4", "1 to 2", r"\frac{1}{2}", "1：2", "$1:2$"],
            ["2:1", "1:3", "2", "1:2:3", "1 2"]),
    Example("3:4:5", ["3:4:5", "3 : 4 : 5", "6:8:10"], ["3:4", "5:4:3", "3:4:6"]),
    Example("10:15", ["2:3", "10:15", "20:30"], ["15:10", "3:2"], "What is the ratio of cats to dogs?"),
    Example(r"1:\sqrt{2}", [r"1 : \sqrt{2}", r"\sqrt{2}:2"], [r"\sqrt{2}:1", "1:2"]),
]  # fmt: skip

NUMBERS = {
    "number": NUMBER,
    "number with unit": QUANTITY,
    "per cent": PERCENT,
    "time": TIME,
    "date": DATE,
    "ratio": RATIO,
}
