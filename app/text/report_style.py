"""Style a report that is saved as html."""

from base64 import b64encode
from hashlib import sha256

REPORT_STYLE = """
:root{color-scheme:light dark;--ink:light-dark(#1d1d1a,#e9e7e0);--soft:light-dark(#5d5b52,#adaba1);
--line:light-dark(#e2dfd5,#353733);--accent:light-dark(#14594f,#7cc9b8)}
body{margin:0;background:light-dark(#fcfbf8,#161715);color:var(--ink);overflow-wrap:break-word;
font:1.0625rem/1.6 "Iowan Old Style",Charter,"Source Serif 4","Noto Serif",Georgia,"Liberation Serif",serif}
main{max-width:44rem;margin:0 auto;padding:3rem 1.25rem 5rem}
h1{font-size:2rem;font-weight:400;line-height:1.2}h2{font-size:1.25rem;margin-top:2.2em}h3{font-size:1.05rem}
a{color:var(--accent)}a[href^="#source-"]{font-size:.75em;vertical-align:super;text-decoration:none}
table{border-collapse:collapse;display:block;overflow-x:auto;font-size:.9rem}
th,td{border-bottom:1px solid var(--line);padding:.35rem .75rem .35rem 0;text-align:start;vertical-align:top}
pre{overflow-x:auto}
blockquote{margin-inline:0;padding-inline-start:1rem;border-inline-start:3px solid var(--line)}
footer{margin-top:3rem;border-top:1px solid var(--line);font-size:.9rem;color:var(--soft)}
@page{margin:22mm 20mm 20mm;@bottom-center{content:counter(page) " / " counter(pages);font-size:9pt}}
@media print{:root{color-scheme:light}body{background:#fff;font-size:10.5pt}main{max-width:none;padding:0}
h1,h2,h3{break-after:avoid}table{display:table}tr,li{break-inside:avoid}p{orphans:3;widows:3}}
""".replace("\n", "")

# For the policy of the page that has it.
REPORT_STYLE_HASH = f"'sha256-{b64encode(sha256(REPORT_STYLE.encode()).digest()).decode()}'"
