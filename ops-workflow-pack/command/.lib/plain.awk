# Takes out of a log what only a terminal understands: escape sequences, control characters, characters that turn the text
# around. Run it as: LC_ALL=C awk -f plain.awk
{
  gsub(/\033\[[0-9;:<=>?]*[ -\/]*[@-~]/, "")
  # Titles, links and other strings of a terminal end in BEL or in ESC and a backslash.
  gsub(/\033[]PX^_][^\007\033]*(\007|\033\\)?/, "")
  gsub(/\033[ -\/]*[0-~]?/, "")
  gsub(/\r+$/, "")
  # A line that was drawn over and over, as progress is.
  many = split($0, drawn, "\r")
  if (many == 0) print ""
  for (i = 1; i <= many; i++) {
    gsub(/[\001-\010\013-\037\177]/, "", drawn[i])
    gsub(/\302[\200-\237]/, "", drawn[i])
    gsub(/\342\200[\213-\217\252-\256]|\342\201[\240-\257]/, "", drawn[i])
    print drawn[i]
  }
}
