"""Posts and questions that mean the same in the other language; none of them is in the demo town."""

# (post, question in the other language)
PAIRS = [
    ("The bakery on our corner sells out of sourdough before eight in the morning.", "早上买不到酸面包的面包店"),
    ("My grandfather taught me to sharpen a chisel on a wet stone.", "用磨刀石磨凿子"),
    ("The ferry was cancelled again because of the storm, so we slept in the harbour.", "暴风雨导致渡轮停航"),
    ("Our kitten climbed the curtains and could not get down.", "小猫爬上窗帘下不来"),
    ("The new tram line opens next month and will stop at the hospital.", "新的有轨电车线路通车"),
    ("I finally passed my driving test on the fourth attempt.", "考了四次终于拿到驾照"),
    ("Our choir is singing Bach in the cathedral this Friday evening.", "合唱团唱巴赫"),
    ("The dentist says I need a root canal and I am terrified.", "害怕去看牙医做根管治疗"),
    ("We found a wasp nest under the roof of the shed.", "屋檐下有马蜂窝"),
    ("My laptop battery swells and the trackpad no longer clicks.", "笔记本电脑电池鼓包"),
    ("She knitted a scarf for every child in the class.", "给孩子们织围巾"),
    ("昨晚做噩梦惊醒三次，今天上班一直打瞌睡。", "could not sleep because of nightmares"),
    ("楼下的洗衣机坏了，整栋楼的人都在手洗衣服。", "broken washing machine"),
    ("第一次去滑雪，摔得浑身都是青紫。", "first time skiing and falling a lot"),
    ("房东突然说下个月要涨房租。", "landlord raises the rent"),
    ("奶奶包的粽子，糯米里有咸蛋黄和五花肉。", "sticky rice dumplings with salted egg yolk"),
    ("今天的面试官问我为什么想离开上一家公司。", "job interview question about leaving the last company"),
    ("雨下了整整一周，河水已经漫过堤岸。", "river flood after a week of rain"),
    ("儿子的乳牙掉了一颗，他非要放在枕头底下。", "child lost a milk tooth"),
    ("图书馆里有人一直在打电话，声音特别大。", "someone talking loudly on the phone in the library"),
    ("我把护照忘在家里，差点没赶上飞机。", "forgot passport and almost missed the flight"),
    ("学吉他三个月，手指终于长出茧子了。", "learning to play the guitar"),
    ("村口那棵老银杏树今年叶子黄得特别晚。", "the old ginkgo tree turned yellow late this year"),
    ("公司食堂换了厨师，饭菜咸得没法吃。", "canteen food is too salty"),
]
