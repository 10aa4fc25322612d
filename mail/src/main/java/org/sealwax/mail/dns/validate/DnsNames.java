package org.sealwax.mail.dns.validate;

import org.xbill.DNS.Name;
import org.xbill.DNS.Type;

/** Arithmetic of names. Label counts include the root label, as {@link Name#labels()} does. */
final class DnsNames {
  private DnsNames() {}

  /** The ancestor with so many labels, or the name itself. */
  static Name ancestor(Name name, int labels) {
    return labels >= name.labels() ? name : new Name(name, name.labels() - labels);
  }

  /** One label up; of the root the root. */
  static Name parent(Name name) {
    return name.labels() > 1 ? new Name(name, 1) : name;
  }

  /** The longest name that is an ancestor of both, or equal. */
  static Name common(Name a, Name b) {
    Name at = a;
    while (!b.subdomain(at)) {
      at = parent(at);
    }
    return at;
  }

  /** For logs: {@code "MX of example.org."}. */
  static String text(Name name, int type) {
    return Type.string(type) + " of " + name;
  }
}
