#!/bin/sh
# SPDX-License-Identifier: MIT
# start.sh RUNDIR CERTDIR BASE - Debian's ActiveMQ "classic" (MQTT 3.1 and
# 3.1.1) in the foreground, on the loopback address only:
#   BASE plain   BASE+1 plain (nio)   BASE+2 TLS
# AUTH=1: users admin, alice and bob (NAMEpw) and their rights, instead of
# everybody; PERSIST=true keeps state.  Needs the packages activemq and
# libmqtt-client-java: without the second, which the first forgets to ask
# for, it accepts connections and never answers.
set -eu
mkdir -p "$1/conf" "$1/data" "$1/tmp"
run=$(cd "$1" && pwd)
certs=$(cd "$2" && pwd)
base=$3
home=/usr/share/activemq

rm -f "$run/conf/server.p12"
openssl pkcs12 -export -in "$certs/server.crt" -inkey "$certs/server.key" \
  -certfile "$certs/ca.crt" -name server -passout pass:changeit \
  -out "$run/conf/server.p12"

user() { # NAME GROUP
  echo "<authenticationUser username='$1' password='$1pw' groups='$2'/>"
}

entry() { # TOPIC READ WRITE
  echo "<authorizationEntry topic='$1' read='$2' write='$3'
    admin='admins,alices,bobs'/>"
}

plugins=
if [ "${AUTH:-0}" = 1 ]; then
  everybody=admins,alices,bobs
  plugins="<plugins>
  <simpleAuthenticationPlugin anonymousAccessAllowed='false'><users>
    $(user admin admins) $(user alice alices) $(user bob bobs)
  </users></simpleAuthenticationPlugin>
  <authorizationPlugin><map><authorizationMap><authorizationEntries>
    $(entry '&gt;' admins admins)
    $(entry 'a.&gt;' $everybody admins,alices)
    $(entry 'ActiveMQ.Advisory.&gt;' $everybody $everybody)
  </authorizationEntries></authorizationMap></map></authorizationPlugin>
</plugins>"
fi

spring=http://www.springframework.org/schema/beans
core=http://activemq.apache.org/schema/core
cat > "$run/conf/activemq.xml" << XML
<beans xmlns="$spring" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  xsi:schemaLocation="$spring $spring/spring-beans.xsd
    $core $core/activemq-core.xsd">
<broker xmlns="$core" brokerName="localhost" dataDirectory="$run/data"
  useJmx="false" persistent="${PERSIST:-false}" advisorySupport="false"
  schedulePeriodForDestinationPurge="0">
$plugins
<sslContext>
  <sslContext keyStore="file:$run/conf/server.p12" keyStoreType="PKCS12"
    keyStorePassword="changeit"/>
</sslContext>
<systemUsage><systemUsage>
  <memoryUsage><memoryUsage limit="64 mb"/></memoryUsage>
  <storeUsage><storeUsage limit="200 mb"/></storeUsage>
  <tempUsage><tempUsage limit="100 mb"/></tempUsage>
</systemUsage></systemUsage>
<transportConnectors>
  <transportConnector name="mqtt" uri="mqtt://127.0.0.1:$base"/>
  <transportConnector name="nio" uri="mqtt+nio://127.0.0.1:$((base + 1))"/>
  <transportConnector name="ssl" uri="mqtt+ssl://127.0.0.1:$((base + 2))?transport.enabledProtocols=TLSv1.2,TLSv1.3"/>
</transportConnectors>
</broker>
</beans>
XML
cat > "$run/conf/log4j.properties" << 'CONF'
log4j.rootLogger=WARN, console
log4j.appender.console=org.apache.log4j.ConsoleAppender
log4j.appender.console.layout=org.apache.log4j.PatternLayout
log4j.appender.console.layout.ConversionPattern=%d %p %m%n
CONF

jars=$home/bin/activemq.jar
for jar in mqtt-client hawtbuf hawtdispatch; do
  jars=$jars:/usr/share/java/$jar.jar
done
open() {
  printf -- '--add-opens %s=ALL-UNNAMED ' "$@"
}
# shellcheck disable=SC2046
exec java -Xms64m -Xmx256m -Djava.awt.headless=true \
  -Djava.io.tmpdir="$run/tmp" --add-reads=java.xml=java.logging \
  $(open java.base/java.lang java.base/java.net java.base/java.security \
    java.base/java.util java.base/java.util.concurrent \
    java.base/java.util.concurrent.atomic java.naming/javax.naming.spi) \
  -Dactivemq.home=$home -Dactivemq.base="$run" \
  -Dactivemq.conf="$run/conf" -Dactivemq.data="$run/data" \
  -Dactivemq.classpath="$run/conf" -cp "$jars" \
  org.apache.activemq.console.Main start "xbean:file:$run/conf/activemq.xml"
