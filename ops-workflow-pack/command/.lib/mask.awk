# Masks what looks like a secret in text that people will read. Run it as: LC_ALL=C awk -f mask.awk
# No intervals in the patterns: mawk has none. Masks too much rather than too little, but leaves ordinary prose alone.
BEGIN {
  mask = "[masked]"
  if (ENVIRON["OPS_MASK_ENVIRONMENT"] != "no") for (name in ENVIRON) if (secretName(toupper(name))) {
    many = split(ENVIRON[name], pieces, "\n")
    for (i = 1; i <= many; i++) if (length(pieces[i]) >= 6) known[++knowns] = pieces[i]
  }
  # The longest first: of a value that begins with another nothing must be left over.
  for (i = 2; i <= knowns; i++) {
    for (j = i; j > 1 && length(known[j]) > length(known[j - 1]); j--) { other = known[j]; known[j] = known[j - 1]; known[j - 1] = other }
  }
  alnum = "[A-Za-z0-9]+"
  wide = "[A-Za-z0-9_-]+"
  shapes = 0
  shape("gh[pousr]_[A-Za-z0-9_]+", 24)
  shape("github_pat_[A-Za-z0-9_]+", 30)
  shape("gl(pat|dt|rt|cbt|ptt|ft|soat|agent|oas)-" wide, 20)
  shape("xox[a-z]-[A-Za-z0-9-]+", 15)
  shape("xapp-[A-Za-z0-9-]+", 15)
  shape("A(KIA|SIA)[A-Z0-9]+", 20)
  shape("[rsp]k_(live|test)_" alnum, 20)
  shape("whsec_" alnum, 20)
  shape("npm_" alnum, 34)
  shape("pypi-" wide, 40)
  shape("dckr_pat_" wide, 20)
  shape("do[opr]_v1_" alnum, 40)
  shape("shp(at|ca|pa|ss)_" alnum, 30)
  shape("AIza" wide, 39)
  shape("ya29\\.[A-Za-z0-9_.-]+", 25)
  shape("SG\\." wide "\\." wide, 40)
  shape("eyJ[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]*", 30)
  shape("AGE-SECRET-KEY-[A-Z0-9]+", 30)
  # Words may end in these.
  shape("sk-" wide, 20, "word")
  shape("hf_" alnum, 30, "word")
}
{ line[NR] = $0 }
END {
  findKeys()
  # What a cut would leave of a secret nobody could tell: so the line is cut a second time behind it.
  for (n = 1; n <= NR; n++) if (!(n in gone)) {
    more = length(line[n]) - 8192
    if (more <= 4096) print masked(line[n])
    else {
      text = masked(substr(line[n], 1, 12288))
      print substr(text, 1, length(text) - 4096) "[" more " bytes more]"
    }
  }
}

function shape(pattern, least, word) { pattern_[++shapes] = pattern; least_[shapes] = least; word_[shapes] = word }

function secretName(name) {
  if (name ~ /^(AYNIG_|OPS_MASK_)/) return 0
  return name ~ /TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|(^|_)(API|PRIVATE|ACCESS)?KEY(_|$)|APIKEY|(^|_)(PASS|PWD|PAT|DSN)(_|$)/ && name !~ /^(PWD|OLDPWD)$/
}

# Blocks of private keys, also where the log begins or ends in the middle of one.
function findKeys(   n, m, begin) {
  for (n = 1; n <= NR; n++) {
    if (line[n] ~ /-----BEGIN [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----/) {
      begin = line[n]
      sub(/-----BEGIN [A-Z0-9 ]*PRIVATE KEY.*/, "", begin)
      if (line[n] ~ /-----BEGIN.*-----END [A-Z0-9 ]*PRIVATE KEY/) { line[n] = begin "[masked private key]"; continue }
      line[n] = begin "[masked private key]"
      for (m = n + 1; m <= NR && m <= n + 200; m++) if (line[m] ~ /-----END [A-Z0-9 ]*PRIVATE KEY/) break
      if (m > NR || m > n + 200) for (m = n + 1; m <= NR && (line[m] == "" || keyLine(line[m], 32)); m++) gone[m] = 1
      else for (; m > n; m--) gone[m] = 1
    } else if (!(n in gone) && line[n] ~ /-----END [A-Z0-9 ]*PRIVATE KEY/) {
      line[n] = "[masked private key]"
      # Its last line may be short.
      for (m = n - 1; m >= 1 && keyLine(line[m], m == n - 1 ? 1 : 32); m--) gone[m] = 1
    }
  }
}

function keyLine(text, least) {
  return length(text) >= least && text ~ /^[ \t]*[A-Za-z0-9+\/=]+[ \t]*$/ || text ~ /^[ \t]*(Proc-Type|DEK-Info|Comment|Version):/
}

function masked(text,   i) {
  for (i = 1; i <= knowns; i++) text = without(text, known[i])
  text = headers(text)
  text = urls(text)
  text = pairs(text)
  for (i = 1; i <= shapes; i++) text = shaped(text, pattern_[i], least_[i], word_[i])
  return text
}

function without(text, value,   out, at) {
  out = ""
  while ((at = index(text, value)) > 0) {
    out = out substr(text, 1, at - 1) mask
    text = substr(text, at + length(value))
  }
  return out text
}

# A token of a known shape; where words may end like it, it begins a word and has a digit.
function shaped(text, pattern, least, word,   out, found, before) {
  out = ""
  while (match(text, pattern)) {
    found = substr(text, RSTART, RLENGTH)
    before = RSTART > 1 ? substr(text, RSTART - 1, 1) : substr(out, length(out), 1)
    if (RLENGTH >= least && (word == "" || before !~ /[A-Za-z0-9]/ && found ~ /[0-9]/)) found = mask
    out = out substr(text, 1, RSTART - 1) found
    text = substr(text, RSTART + RLENGTH)
  }
  return out text
}

# Headers that carry a secret up to the end of the line, or of the quotes that they stand in.
function headers(text,   low, rest, end, quote) {
  low = tolower(text)
  if (match(low, /(authorization|x-[a-z-]*(token|key|secret)|private-token|job-token|(set-)?cookie)["']?[ \t]*[:=][ \t]*["']?[^ \t"']/)) {
    end = RSTART + RLENGTH - 1
    rest = substr(text, end)
    # The rest of a quoted command line is worth reading.
    if (match(rest, /["']/)) return substr(text, 1, end - 1) mask headers(substr(rest, RSTART))
    return substr(text, 1, end - 1) mask
  }
  if (match(text, /[Bb][Ee][Aa][Rr][Ee][Rr][ \t]+[A-Za-z0-9._~+\/=-]+/)) {
    rest = substr(text, RSTART, RLENGTH)
    sub(/^[A-Za-z]+[ \t]+/, "", rest)
    if (length(rest) >= 16) return substr(text, 1, RSTART + RLENGTH - 1 - length(rest)) mask headers(substr(text, RSTART + RLENGTH))
  }
  return text
}

# What stands before the @ of an address, and addresses that are secrets themselves.
function urls(text,   out, found, at, user) {
  out = ""
  while ((at = index(text, "://")) > 0) {
    out = out substr(text, 1, at + 2)
    text = substr(text, at + 3)
    if (!match(text, /^[^\/ \t"'<>]*@/)) continue
    user = substr(text, 1, RLENGTH - 1)
    if (index(user, ":") > 0) out = out substr(user, 1, index(user, ":")) mask
    else out = out (length(user) >= 20 ? mask : user)
    text = substr(text, RLENGTH)
  }
  text = out text
  out = ""
  while (match(text, /(hooks\.slack\.com\/(services|workflows|triggers)|\/api\/webhooks)\/[A-Za-z0-9_\/-]+/)) {
    found = substr(text, RSTART, RLENGTH)
    sub(/(services|workflows|triggers|webhooks)\/.*/, "", found)
    out = out substr(text, 1, RSTART - 1) found mask
    text = substr(text, RSTART + RLENGTH)
  }
  return out text
}

# password=..., "api_key": "...", --token ...
function pairs(text,   out, found, name, value, quote, end, flag) {
  out = ""
  # Word by word: a pattern for all of it at once takes forever on a long run of letters.
  while (match(text, /[A-Za-z0-9_.-]+/)) {
    name = tolower(substr(text, RSTART, RLENGTH))
    out = out substr(text, 1, RSTART + RLENGTH - 1)
    text = substr(text, RSTART + RLENGTH)
    if (!match(text, /^(\\?["']?[ \t]*(=>|:=|[:=])[ \t]*|[ \t]+)/)) continue
    found = substr(text, 1, RLENGTH)
    out = out found
    text = substr(text, RLENGTH + 1)
    # Without a sign between them only an option has a value behind it.
    flag = found !~ /[:=]/
    if (flag && name !~ /^--/) continue
    if (!secretKey(name)) continue
    quote = substr(text, 1, 1)
    if (quote == "\\" && substr(text, 2, 1) == "\"") { out = out "\\"; text = substr(text, 2); quote = "\"" }
    if (quote == "\"" || quote == "'") {
      value = substr(text, 2)
      end = index(value, quote)
      if (end > 0) value = substr(value, 1, end - 1)
      sub(/\\$/, "", value)
      if (isSecret(name, value)) { out = out quote mask; text = substr(text, length(value) + 2) }
    } else if (match(text, /^[^] \t"'&;,<>)}]+/)) {
      value = substr(text, 1, RLENGTH)
      if (isSecret(name, value)) { out = out mask; text = substr(text, RLENGTH + 1) }
    }
  }
  return out text
}

function secretKey(name) {
  return name ~ /(password|passwd|passphrase|passcode|secret|token|credentials?|apikey|apitoken|(api|access|private|secret|signing|encryption|auth|account|service|master|session|deploy)[_.-]?key|[_.-]pass|[_.-]pat|pwd)$/
}

function isSecret(name, value) {
  if (value == "" || substr(value, 1, length(mask)) == mask) return 0
  if (name == "pwd" || name == "oldpwd") return value !~ /^\//
  if (name ~ /pass(word|wd|phrase|code)?$|pwd$/) return 1
  # "Unexpected token: }" and "token: none" tell nothing.
  return length(value) >= 6
}
