#!/usr/bin/env bats
# Archives: what is exported is read by tar and bsdtar, what they write is imported.
load helpers

# A tree with what archives can hold.
full_tree() {
  m init -q
  mkdir -p d/deep 'odd name'
  printf one >a; printf 'two\n' >d/b; ln a d/a-too; ln -s ../a d/link; ln -s /nowhere dangling
  mkfifo d/fifo
  printf x >"$(printf 'new\nline')"; printf y >"$(printf 'bad\377')"; printf z >"odd name/$(printf 'n%.0s' {1..200})"
  head -c 300000 /dev/urandom >big
  truncate -s 3M sparse; printf middle | dd of=sparse bs=1 seek=1500000 conv=notrunc status=none; printf end >>sparse
  chmod 750 d; chmod 604 a
  setfattr -n user.note -v 'a value' a 2>/dev/null || true
  setfacl -m u:1234:rwx,g:77:r d/b 2>/dev/null || true
  setfacl -d -m u:1234:rx d 2>/dev/null || true
  touch -d '2001-02-03 04:05:06.123456789' a d/b; touch -h -d '1999-01-01 00:00:00.5' d/link; touch -d '2010-10-10 10:10:10.000000001' d .
  m checkpoint -q >/dev/null
}

# Everything that can be told of a tree, sorted.
listing() {
  (cd "$1" && find . -path ./.metamori -prune -o -printf '%P %y %m %U %G %T@ %n %l\n' | LC_ALL=C sort
    find . -path ./.metamori -prune -o -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
    find . -path ./.metamori -prune -o ! -type l -print0 | LC_ALL=C sort -z | xargs -0 getfacl -n -p 2>/dev/null
    find . -path ./.metamori -prune -o ! -type l -print0 | LC_ALL=C sort -z | xargs -0 getfattr -d -m user. 2>/dev/null)
}

@test "tar and bsdtar put back what restore does" {
  full_tree
  m restore -q HEAD --to ../restored --same-owner
  m export HEAD -o ../job.tar
  mkdir ../by-tar ../by-bsdtar
  tar --xattrs --xattrs-include='*' --acls -xpf ../job.tar -C ../by-tar 2>../tar.err
  same "$(grep -v "Ignoring unknown extended header keyword 'hdrcharset'" ../tar.err)" ""; same "$(wc -l <../tar.err)" 1 # of the name that is no text
  bsdtar -xpf ../job.tar -C ../by-bsdtar
  listing ../restored >../want
  listing ../by-tar >../got; diff ../want ../got
  listing ../by-bsdtar >../got; diff <(sed 1d ../want) <(sed 1d ../got) # bsdtar leaves the directory alone that it is called in
  [ "$(stat -c %b ../by-tar/sparse)" -lt 1000 ]; [ "$(stat -c %b ../by-bsdtar/sparse)" -lt 1000 ]
}

@test "export and import give the same root, also compressed and by a pipe" {
  full_tree
  root=$(m show --json HEAD | python3 -c 'import json, sys; print(json.load(sys.stdin)["sha256"])')
  m export HEAD >../job.tar; m export HEAD >../again.tar; cmp ../job.tar ../again.tar
  m init -q ../other
  expect 0 -C ../other import --json ../job.tar -m back --tag t; same "$(json 'j["sha256"], j["number"], j["line"], j["tags"]')" "('$root', 1, 'main', ['t'])"
  for how in gzip bzip2 xz 'zstd -q' lz4; do
    command -v ${how%% *} >/dev/null || continue
    $how -c <../job.tar >../job.packed
    expect 0 -C ../other import --json ../job.packed; same "$(json 'j["sha256"]')" "$root"
  done
  m export HEAD | m -C ../other import -q >/dev/null
  same "$(m -C ../other log --all --format=%# | wc -l)" "$(m -C ../other log --all --format=%# | head -n 1)"
  expect 0 -C ../other verify --data
  same "$(ls -A ../other)" .metamori
}

@test "what tar and bsdtar write is imported" {
  full_tree; m restore -q HEAD --to ../plain --same-owner
  m init -q ../other
  for format in pax gnu ustar; do
    exclude=(); [ $format = ustar ] && exclude=(--exclude 'odd name')
    tar --format=$format --xattrs --acls --sparse -C ../plain "${exclude[@]}" -cf ../$format.tar . 2>/dev/null || tar --format=$format -C ../plain "${exclude[@]}" -cf ../$format.tar .
    expect 0 -C ../other import ../$format.tar
    has "$out" '^imported as checkpoint [0-9]+ [0-9a-f]{8} \(main(-[0-9]+)?\): [0-9]+ files of '
    rm -rf ../back; m -C ../other restore -q latest --to ../back --same-owner
    [ -f "$(printf '../back/bad\377')" ]; cmp ../plain/big ../back/big; cmp ../plain/sparse ../back/sparse; [ ../back/a -ef ../back/d/a-too ]
    [ "$(readlink ../back/d/link)" = ../a ]; [ -p ../back/d/fifo ]
  done
  bsdtar --format pax -C ../plain -cf ../bsd.tar .
  expect 0 -C ../other import ../bsd.tar
  rm -rf ../back; m -C ../other restore -q latest --to ../back --same-owner
  listing ../plain >../want; listing ../back >../got; diff ../want ../got
}

@test "paths, a prefix, and what is refused" {
  full_tree
  m export HEAD d/b a --prefix job/ | tar -t | sort >../list; same "$(xargs <../list)" "job/a job/d/b"
  expect 2 export HEAD nosuch; expect 2 export HEAD --prefix ../x; expect 12 export nosuch
  expect 2 export HEAD --json; has "$err$out" "export -o job.tar"
  expect 0 export HEAD -o ../x.tar --json; same "$(json 'j["type"], j["file"], j["warnings"]')" "('export', '../x.tar', [])"
  expect 1 export HEAD -o ../no/such.tar; [ ! -e ../no ]
  head -c 200000 ../x.tar >../cut.tar
  m init -q ../other
  expect 2 -C ../other import ../cut.tar; has "$err" 'the archive is damaged'; has "$err" 'nothing was imported'
  expect 2 -C ../other import /dev/null; has "$err" 'not a byte'
  expect 1 -C ../other import ../nosuch.tar
  tar -P -cf ../absolute.tar /etc/hostname; expect 2 -C ../other import ../absolute.tar; has "$err" 'absolute path'
  tar -P -C d -cf ../above.tar ../a; expect 2 -C ../other import ../above.tar; has "$err" "outside by '..'"
  same "$(m -C ../other log --all)" ""; same "$(find ../other/.metamori/packs ../other/.metamori/tmp -type f)" ""
  tar -cf ../own.tar .metamori a; expect 3 -C ../other import ../own.tar; has "$err" 'left out: a name that belongs to repositories'
  same "$(m -C ../other ls latest)" a
}

@test "a pipe or device that is named is written to, and a link stays one" {
  full_tree
  m export HEAD >../want.tar
  mkfifo ../pipe; cat ../pipe >../got.tar & expect 0 export HEAD -o ../pipe; wait
  [ -p ../pipe ]; cmp ../want.tar ../got.tar
  ln -s real.tar ../link; : >../real.tar
  expect 0 export HEAD -o ../link; [ -L ../link ]; cmp ../want.tar ../real.tar
  rm ../real.tar; expect 0 export HEAD -o ../link; [ -L ../link ]; cmp ../want.tar ../real.tar
  expect 1 export HEAD -o ..; [ -d .. ]
  ! ls ../*.part 2>/dev/null
}

@test "an import is a checkpoint without a parent, and HEAD stays" {
  full_tree
  tar -cf ../in.tar a
  expect 0 import ../in.tar -m 'from tape' --meta reel=7
  expect 0 show latest; has "$out" 'from tape'; has "$out" 'reel'
  same "$(m log --format=%#)" 1
  expect 0 status; has "$out" 'nothing changed'
}
