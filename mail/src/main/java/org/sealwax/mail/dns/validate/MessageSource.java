package org.sealwax.mail.dns.validate;

import java.io.IOException;
import java.util.List;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;

/** Source of the messages of one look-up. The same question gets the same message each time. */
@FunctionalInterface
public interface MessageSource {
  /**
   * One question of class IN.
   *
   * @param type as numbered by IANA
   */
  record DnsQuery(Name name, int type) {}

  /**
   * The answer to one question, unvalidated, with DNSSEC records (DO and CD set).
   *
   * @return a message with RCODE NOERROR or NXDOMAIN
   * @throws IOException when no such message came; its text gives the reason
   */
  Message fetch(DnsQuery query) throws IOException;

  /** Questions that will probably be asked next: they may be sent side by side. */
  default void prefetch(List<DnsQuery> queries) {}
}
