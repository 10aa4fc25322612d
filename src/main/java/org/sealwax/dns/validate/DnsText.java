package org.sealwax.dns.validate;

import org.xbill.DNS.Name;
import org.xbill.DNS.Type;

/** Names and types in reasons for logs. */
final class DnsText {
  private DnsText() {}

  /** {@code "MX of example.org."}. */
  static String of(Name name, int type) {
    return Type.string(type) + " of " + name;
  }
}
