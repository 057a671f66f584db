# Text for places that take only some of it. Bytes are looked at one by one, so run it as: LC_ALL=C awk -v mode=... -f
#   line     standard input as one line of at most 900 bytes
#   json     the inside of a JSON string; mode=json limit=1800 keeps that many bytes of text at most
#   slack    the same, with the three characters escaped that mean something to Slack
#   html     text with the characters escaped that mean something in markup
#   header   a header's value by RFC 2047
#   quoted   a body in quoted-printable, RFC 2045
# In all of them what is no UTF-8 becomes "?", control characters go (a newline and a tab stay, where the place has lines),
# and so do the characters that nobody sees: they only steer the text around them, and no trailer may hold them.
BEGIN {
  for (i = 1; i < 256; i++) code[sprintf("%c", i)] = i
  if (limit == "") limit = mode == "line" || mode == "header" ? 900 : 1000000
}
{ text = text (NR > 1 ? "\n" : "") $0 }
END {
  if (mode == "line" || mode == "header") { gsub(/[\n\t]/, " ", text); gsub(/^ +| +$/, "", text) }
  size = length(text)
  out = ""; line = ""; used = 0; word = ""; wide = 0
  if (mode == "header") for (i = 1; i <= size; i++) if (code[substr(text, i, 1)] > 126) wide = 1
  for (i = 1; i <= size; i += step) {
    step = 1
    at = substr(text, i, 1)
    value = code[at]
    if (value < 128) {
      if (value == 127 || value < 32 && at != "\n" && at != "\t") continue
    } else {
      step = characterAt(i)
      if (step == 0) { step = 1; at = "?" }
      else {
        at = substr(text, i, step)
        if (unseen(at)) continue
      }
    }
    used += length(at)
    if (used > limit) break
    put(at)
  }
  finish()
}

# How many bytes the character at a place has; 0 where there is none.
function characterAt(from,   first, many, second, j, next_) {
  first = code[substr(text, from, 1)]
  if (first >= 194 && first <= 223) many = 2
  else if (first >= 224 && first <= 239) many = 3
  else if (first >= 240 && first <= 244) many = 4
  else return 0
  if (from + many - 1 > size) return 0
  for (j = 1; j < many; j++) {
    next_ = code[substr(text, from + j, 1)]
    if (next_ < 128 || next_ > 191) return 0
  }
  second = code[substr(text, from + 1, 1)]
  # Longer than need be, a surrogate, above the last character.
  if (first == 224 && second < 160 || first == 237 && second > 159 || first == 240 && second < 144 || first == 244 && second > 143) return 0
  return many
}

# Control, format, private and replacement characters, and the separators of lines and paragraphs.
function unseen(char,   b1, b2, b3, b4) {
  b1 = code[substr(char, 1, 1)]; b2 = code[substr(char, 2, 1)]; b3 = code[substr(char, 3, 1)]; b4 = code[substr(char, 4, 1)]
  if (b1 == 194) return b2 < 160 || b2 == 173
  if (b1 == 216) return b2 < 134 || b2 == 156
  if (b1 == 219) return b2 == 157
  if (b1 == 220) return b2 == 143
  if (b1 == 224) return b2 == 162 && (b3 == 144 || b3 == 145) || b2 == 163 && b3 == 162
  if (b1 == 225) return b2 == 160 && b3 == 142
  if (b1 == 226 && b2 == 128) return b3 >= 139 && b3 <= 143 || b3 >= 168 && b3 <= 174
  if (b1 == 226 && b2 == 129) return b3 >= 160 && b3 <= 175
  if (b1 == 238) return 1
  if (b1 == 239) return b2 < 164 || b2 == 187 && b3 == 191 || b2 == 191 && b3 >= 184 || b2 == 183 && b3 >= 144 && b3 <= 175
  if (b1 == 240) return b2 == 145 && (b3 == 130 && b4 == 189 || b3 == 131 && b4 == 141) || b2 == 147 && b3 >= 144 && b3 <= 145 || b2 == 155 && b3 == 178 || b2 == 157 && b3 == 133 && b4 >= 179
  return b1 >= 243
}

function put(char,   i, encoded) {
  if (mode == "json" || mode == "slack") {
    if (mode == "slack") char = escaped(char)
    if (char == "\"" || char == "\\") char = "\\" char
    else if (char == "\n") char = "\\n"
    else if (char == "\t") char = "\\t"
    out = out char
  } else if (mode == "html") out = out escaped(char)
  else if (mode == "header" && wide) {
    encoded = ""
    if (char == " ") encoded = "_"
    else if (char ~ /^[A-Za-z0-9]$/) encoded = char
    else for (i = 1; i <= length(char); i++) encoded = encoded sprintf("=%02X", code[substr(char, i, 1)])
    # An encoded word has 75 characters at most, and whole characters.
    if (length(word encoded) > 50) { out = out "=?UTF-8?Q?" word "?=\n "; word = "" }
    word = word encoded
  } else if (mode == "quoted") {
    if (char == "\n") { out = out closed(line) "\n"; line = ""; return }
    encoded = ""
    if (length(char) > 1 || char == "=") for (i = 1; i <= length(char); i++) encoded = encoded sprintf("=%02X", code[substr(char, i, 1)])
    else encoded = char
    if (length(line encoded) > 72) { out = out closed(line) "=\n"; line = "" }
    line = line encoded
  } else out = out char
}

# White space at the end of a line is lost on the way.
function closed(text) {
  if (text ~ / $/) return substr(text, 1, length(text) - 1) "=20"
  if (text ~ /\t$/) return substr(text, 1, length(text) - 1) "=09"
  return text
}

function escaped(char) {
  if (char == "&") return "&amp;"
  if (char == "<") return "&lt;"
  if (char == ">") return "&gt;"
  return char
}

function finish() {
  if (mode == "header" && wide) out = out "=?UTF-8?Q?" word "?="
  if (mode == "quoted") out = out closed(line)
  if (mode == "line") sub(/ +$/, "", out)
  printf "%s", out
  if (out != "" || mode == "quoted") print ""
}
