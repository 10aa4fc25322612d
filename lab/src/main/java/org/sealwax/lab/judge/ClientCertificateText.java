package org.sealwax.lab.judge;

import java.io.ByteArrayInputStream;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateFactory;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Describes the client certificate of a sender as text. Pure. */
final class ClientCertificateText {
  private static final int DNS_NAME = 2;

  /** Names reported: a large sender's certificate has a hundred. */
  private static final int MAX_NAMES = 4;

  private static final Map<String, String> PURPOSES =
      Map.of(
          "1.3.6.1.5.5.7.3.1", "serverAuth",
          "1.3.6.1.5.5.7.3.2", "clientAuth",
          "2.5.29.37.0", "anyExtendedKeyUsage");

  private ClientCertificateText() {}

  /**
   * Describes it.
   *
   * @param chain DER, leaf first
   * @param ehlo what the sender calls itself
   * @param at when it was shown
   */
  static String describe(List<byte[]> chain, Set<String> ehlo, Instant at) {
    X509Certificate leaf;
    try {
      leaf =
          (X509Certificate)
              CertificateFactory.getInstance("X.509")
                  .generateCertificate(new ByteArrayInputStream(chain.getFirst()));
    } catch (GeneralSecurityException | RuntimeException e) {
      return "a certificate that cannot be read";
    }
    List<String> out = new ArrayList<>();
    List<String> names = names(leaf);
    out.add(
        names.isEmpty()
            ? "without a DNS name"
            : "for " + String.join(", ", names.stream().limit(MAX_NAMES).toList()));
    boolean own = ehlo.stream().anyMatch(e -> names.contains(e.toLowerCase(Locale.ROOT)));
    out.add(own ? "the EHLO name is among them" : "the EHLO name is not among them");
    boolean self = leaf.getSubjectX500Principal().equals(leaf.getIssuerX500Principal());
    out.add(self ? "self-issued" : "a chain of " + chain.size());
    out.add(purposes(leaf));
    if (at.isAfter(leaf.getNotAfter().toInstant())) {
      out.add("expired");
    } else if (at.isBefore(leaf.getNotBefore().toInstant())) {
      out.add("not yet valid");
    }
    return String.join("; ", out);
  }

  private static List<String> names(X509Certificate leaf) {
    List<String> out = new ArrayList<>();
    try {
      Collection<List<?>> all = leaf.getSubjectAlternativeNames();
      for (List<?> each : all == null ? List.<List<?>>of() : all) {
        if (each.getFirst().equals(DNS_NAME)) {
          out.add(String.valueOf(each.get(1)).toLowerCase(Locale.ROOT));
        }
      }
    } catch (CertificateParsingException e) {
      return List.of();
    }
    return out;
  }

  private static String purposes(X509Certificate leaf) {
    try {
      List<String> all = leaf.getExtendedKeyUsage();
      return all == null
          ? "for any purpose"
          : String.join(" and ", all.stream().map(oid -> PURPOSES.getOrDefault(oid, oid)).toList());
    } catch (CertificateParsingException e) {
      return "for purposes that cannot be read";
    }
  }
}
