@base64 "a\(1 + 2)\u00e9\n" | try error("x") catch . # comment
| .["a"]?, ."b c"[1:-1], ..
