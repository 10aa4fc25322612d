package org.sealwax.mail.tls.verdict;

import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.sealwax.mail.address.Domain;

/**
 * Whether a certificate names a host: DNS-ID only (RFC 9525 6.3, RFC 6125 6.4). No common name, no
 * addresses; a wildcard only as the complete left-most label, standing for exactly one label, with
 * at least two labels to its right.
 */
public final class NameCheck {
  private static final int DNS_NAME = 2;

  /** Maximum number of names of one certificate; some CDNs reach a hundred. */
  private static final int MAX_NAMES = 1_000;

  private NameCheck() {}

  /**
   * DNS names of the certificate, in lower case, as they stand in it.
   *
   * @param certificate the certificate
   * @return the names; empty for none
   */
  public static List<String> dnsNames(X509Certificate certificate) {
    Collection<List<?>> names;
    try {
      names = certificate.getSubjectAlternativeNames();
    } catch (CertificateParsingException e) {
      return List.of();
    }
    if (names == null) {
      return List.of();
    }
    List<String> out = new ArrayList<>();
    for (List<?> name : names) {
      if (out.size() < MAX_NAMES
          && name.size() == 2
          && name.getFirst() instanceof Integer type
          && type == DNS_NAME
          && name.getLast() instanceof String text) {
        out.add(text.toLowerCase(Locale.ROOT));
      }
    }
    return out;
  }

  /**
   * {@return the first of {@code wanted} that the certificate names}
   *
   * @param certificate the certificate
   * @param wanted the names, any one is enough
   */
  public static Optional<Domain> match(X509Certificate certificate, Collection<Domain> wanted) {
    if (wanted.isEmpty()) {
      return Optional.empty();
    }
    List<String> presented = dnsNames(certificate);
    return wanted.stream()
        .filter(name -> presented.stream().anyMatch(p -> matches(p, name)))
        .findFirst();
  }

  /**
   * {@return whether one presented name covers {@code wanted}}
   *
   * @param presented in lower case; anything that is not a domain name or wildcard never matches
   * @param wanted the reference identifier
   */
  public static boolean matches(String presented, Domain wanted) {
    String name = wanted.name();
    if (!presented.startsWith("*.")) {
      return presented.equals(name);
    }
    String rest = presented.substring(1);
    int dot = name.indexOf('.');
    // "*.org" would match a whole registry.
    return rest.indexOf('.', 1) > 0 && dot > 0 && name.substring(dot).equals(rest);
  }
}
