#!/usr/bin/env bash
# SQL-Ledger 3.2.6 (Debian package) on loopback, one dataset, 126 sales orders.
# Bare Debian 12, run as root. Safe to run again: it starts what is stopped and
# leaves existing data alone. RESET=1 drops the dataset first and rebuilds it.
#
#   ./setup.sh                   set up and start
#   ./setup.sh stop              stop the web server (PostgreSQL is left running)
#   ./setup.sh fingerprint       one line per table of the dataset: name, rows, hash of all its values
#
# PORT (18081) picks the web server and RUN its folder; servers on several ports stand side by side on the one
# dataset. The log-ins and passwords below are throw-away.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
PORT=${PORT:-18081}
RUN=${RUN:-/var/lib/target-sql-ledger-$PORT}
DB=huaxin
DBPW=slpass2024
ROOTPW=rootpw2024
ADMINPW=admin2024
BASE=http://127.0.0.1:$PORT/sql-ledger

stop_web() {
  if [ -f "$RUN/apache.pid" ] && kill -0 "$(cat "$RUN/apache.pid")" 2>/dev/null; then
    apache2 -f "$RUN/apache.conf" -k stop
    for _ in $(seq 50); do [ -f "$RUN/apache.pid" ] || break; sleep 0.1; done
  fi
}
case "${1:-start}" in
  start | fingerprint) ;;
  stop) stop_web; exit 0 ;;
  *) echo "usage: [PORT=18081] [RESET=1] $0 [start|stop|fingerprint]" >&2; exit 2 ;;
esac
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "SQL-Ledger is set up as root on Debian (packages sql-ledger, postgresql, apache2)." >&2
  exit 1
fi

# --- packages -------------------------------------------------------------
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8   # so that a new PostgreSQL cluster is UTF-8
need=()
for p in postgresql apache2 sql-ledger libdbd-pg-perl curl python3; do
  dpkg-query -W -f='${db:Status-Status}' "$p" 2>/dev/null | grep -qx installed || need+=("$p")
done
if [ ${#need[@]} -gt 0 ]; then
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${need[@]}"
fi

# --- PostgreSQL (listens on loopback only by default) -------------------------
read -r PGVER PGCLUSTER PGPORT PGSTATUS _ < <(pg_lsclusters -h | head -1)
[ "$PGSTATUS" = online ] || pg_ctlcluster "$PGVER" "$PGCLUSTER" start
for _ in $(seq 50); do su postgres -c "psql -p $PGPORT -qAtc 'select 1'" >/dev/null 2>&1 && break; sleep 0.2; done
pg() { su postgres -c "psql -p $PGPORT -v ON_ERROR_STOP=1 -qAt -d $1"; }
[ "$(echo "show server_encoding" | pg template1)" = UTF8 ] || { echo "the first PostgreSQL cluster is not UTF-8; cannot go on"; exit 1; }
# Every table of the dataset as text in a fixed order, so that any change of any value shows.
fingerprint() {
  pg $DB <<'SQL'
select table_name
  || ' ' || (xpath('count(/table/row)', x))[1]
  || ' ' || md5(x::text)
from information_schema.tables,
     query_to_xml(format('select t::text as v from public.%I t order by 1', table_name), true, false, '') as x
where table_schema = 'public' and table_type = 'BASE TABLE'
order by table_name
SQL
}
if [ "${1:-start}" = fingerprint ]; then fingerprint; exit 0; fi
if [ "$(echo "select 1 from pg_roles where rolname='sql-ledger'" | pg postgres)" != 1 ]; then
  echo "create role \"sql-ledger\" login createdb password '$DBPW'" | pg postgres
fi

# --- web server: a private apache2 instance, CGI, loopback only ---------------
install -d "$RUN" "$RUN/perl"
# The package's symlinks point at these; it ships without the first.
install -d -o www-data -g www-data /var/lib/sql-ledger/templates /var/lib/sql-ledger/spool /var/lib/sql-ledger/users
# SQL-Ledger is byte-oriented; today's DBD::Pg decodes UTF-8 and would garble
# every Chinese string (double encoding).  Hand it raw bytes as in its own time.
cat > "$RUN/perl/RawPg.pm" <<'PM'
package RawPg;
use DBI;
my $connect = \&DBI::connect;
no warnings 'redefine';
*DBI::connect = sub {
  my ($class, $dsn, $user, $pw, $attr, @rest) = @_;
  my %attr = %{ $attr || {} };
  $attr{pg_enable_utf8} = 0 if $dsn =~ /^dbi:Pg:/i;
  return $connect->($class, $dsn, $user, $pw, \%attr, @rest);
};
1;
PM
M=/usr/lib/apache2/modules
cat > "$RUN/apache.conf" <<CONF
ServerRoot /etc/apache2
ServerName 127.0.0.1
Listen 127.0.0.1:$PORT
PidFile $RUN/apache.pid
ErrorLog $RUN/error.log
LoadModule mpm_prefork_module $M/mod_mpm_prefork.so
LoadModule authz_core_module $M/mod_authz_core.so
LoadModule alias_module $M/mod_alias.so
LoadModule dir_module $M/mod_dir.so
LoadModule mime_module $M/mod_mime.so
LoadModule env_module $M/mod_env.so
LoadModule cgi_module $M/mod_cgi.so
User www-data
Group www-data
TypesConfig /etc/mime.types
DocumentRoot /usr/share/sql-ledger
DirectoryIndex index.html login.pl
SetEnv PERL5OPT "-I$RUN/perl -MRawPg"
<Directory /usr/share/sql-ledger>
  Require all granted
</Directory>
Include /etc/sql-ledger/sql-ledger-httpd.conf
CONF
stop_web
apache2 -f "$RUN/apache.conf" -k start
UA='Mozilla/5.0 (X11; Linux x86_64) Chrome/120'
for _ in $(seq 50); do curl -fs -o /dev/null -A "$UA" "$BASE/login.pl" && break; sleep 0.2; done
curl -fsS -o /dev/null -A "$UA" "$BASE/login.pl" || { echo "the web server does not answer; see $RUN/error.log" >&2; exit 1; }

# --- dataset, through the program's own admin.pl ------------------------------
MEMBERS=/var/lib/sql-ledger/users/members
if [ "${RESET:-0}" = 1 ]; then
  echo "drop database if exists $DB" | pg postgres
  rm -f "$MEMBERS" "$MEMBERS.LCK" /var/lib/sql-ledger/users/*"@$DB.conf"
fi
post() { curl -fsS -A "$UA" -o "$RUN/last.html" "$@"; }
rm -f "$MEMBERS.LCK" "/var/lib/sql-ledger/users/$DB.LCK"
if [ ! -f "$MEMBERS" ]; then
  post "$BASE/admin.pl" -d "path=bin/mozilla&action=do_change_password&new_password=$ROOTPW&confirm_password=$ROOTPW"
fi
if ! grep -q "^\[admin@$DB\]" "$MEMBERS"; then
  post "$BASE/admin.pl" \
    -d "path=bin/mozilla&action=dbcreate&password=$ROOTPW&dbdriver=Pg&dbuser=sql-ledger&dbhost=127.0.0.1&dbport=$PGPORT&dbpasswd=$DBPW&dbdefault=template1&db=$DB&adminpassword=$ADMINPW&mastertemplates=Default&encoding=UTF8&chart=Simplified-Chinese_Default-UTF8" \
    --data-urlencode 'company=华信机电贸易有限公司' --data-urlencode 'name=系统管理员'
  grep -q "^\[admin@$DB\]" "$MEMBERS" || { echo "dataset was not created:"; cat "$RUN/last.html"; exit 1; }
  # first login upgrades a fresh 3.2.0 schema to 3.2.1
  post "$BASE/login.pl" -d "path=bin/mozilla&action=login&js=1&login=admin@$DB&password=$ADMINPW"
fi

# --- users: same dataset, two display languages --------------------------------
crypt() { perl -e 'print crypt($ARGV[0], $ARGV[1])' "$1" "$2"; }
add_user() {  # login  password  name  countrycode  dateformat  dateStyle  numberformat
  grep -q "^\[$1@$DB\]" "$MEMBERS" && return 0
  {
    echo "[$1@$DB]"
    echo "charset=UTF8"
    echo "company=华信机电贸易有限公司"
    if [ -n "$4" ]; then echo "countrycode=$4"; fi
    echo "dateformat=$5"
    echo "dbconnect=dbi:Pg:dbname=$DB;host=127.0.0.1;port=$PGPORT"
    echo "dbdriver=Pg"; echo "dbhost=127.0.0.1"; echo "dbname=$DB"
    echo "dboptions=set DateStyle to '$6';set client_encoding to 'UTF8'"
    perl -e '$p=pack("u",$ARGV[0]);chomp $p;print "dbpasswd=$p\n"' "$DBPW"
    echo "dbport=$PGPORT"; echo "dbuser=sql-ledger"
    echo "name=$3"; echo "numberformat=$7"
    echo "password=$(crypt "$2" "$(printf %.2s "$1")")"
    echo "stylesheet=sql-ledger.css"; echo "templates=$DB"; echo "timeout=86400"; echo "vclimit=1000"; echo
  } >> "$MEMBERS"
}
# "cn_utf" is encoded twice in this package; "cn" is the proper UTF-8 one.
add_user zhangwei zw2024  张伟         cn       yy-mm-dd 'ISO'           '1,000.00'
add_user tom      tom2024 'Tom Becker' ''     dd.mm.yy 'GERMAN'        '1.000,00'
chown www-data:www-data "$MEMBERS"

# --- orders ---------------------------------------------------------------
if [ "$(echo "select count(*) from oe" | pg $DB)" = 0 ]; then
  PYTHONIOENCODING=utf-8 python3 "$HERE/seed.py" > "$RUN/seed.sql"
  chmod 644 "$RUN/seed.sql"
  PGPASSWORD=$DBPW PGCLIENTENCODING=UTF8 psql -h 127.0.0.1 -p "$PGPORT" -U sql-ledger -d $DB -v ON_ERROR_STOP=1 -qAt -f "$RUN/seed.sql" >/dev/null
fi
echo "SQL-Ledger: $BASE/login.pl  zhangwei / zw2024 (Chinese UI), tom / tom2024 (English UI)"
echo "orders: $(echo "select count(*)||' ('||count(*) filter (where not closed)||' open)' from oe" | pg $DB)"
