/**
 * The mail library of Sealwax: SMTP, TLS, DNS with DNSSEC, DANE, MTA-STS, TLS reports, and the
 * policy that decides with them how a connection to a mail server must be protected.
 *
 * <p>The packages exported here are the interface for other programs. No type of the TLS engines,
 * of the DNS library or of Bouncy Castle appears in them. The other packages are internal and may
 * change in any release.
 *
 * <p>Dependencies that a program must have on its module path are listed by {@code requires}; none
 * of them is transitive.
 */
@SuppressWarnings("requires-automatic") // ICU4J has no module descriptor
module org.sealwax.mail {
  requires static transitive org.jspecify;
  requires com.github.benmanes.caffeine;
  requires com.ibm.icu;
  requires io.netty.buffer;
  requires io.netty.common;
  requires io.netty.handler;
  requires io.netty.tcnative.classes.openssl;
  requires org.bouncycastle.pkix;
  requires org.bouncycastle.provider;
  requires org.dnsjava;
  requires org.slf4j;
  requires tools.jackson.core;
  requires tools.jackson.databind;

  exports org.sealwax.mail.address;
  exports org.sealwax.mail.client;
  exports org.sealwax.mail.dane;
  exports org.sealwax.mail.dkim;
  exports org.sealwax.mail.dmarc;
  exports org.sealwax.mail.dns;
  exports org.sealwax.mail.dns.update;
  exports org.sealwax.mail.http;
  exports org.sealwax.mail.message;
  exports org.sealwax.mail.net;
  exports org.sealwax.mail.policy;
  exports org.sealwax.mail.smtp;
  exports org.sealwax.mail.smtp.session;
  exports org.sealwax.mail.spf;
  exports org.sealwax.mail.sts;
  exports org.sealwax.mail.sts.fetch;
  exports org.sealwax.mail.tls;
  exports org.sealwax.mail.tls.verdict;
  exports org.sealwax.mail.tlsrpt;
}
