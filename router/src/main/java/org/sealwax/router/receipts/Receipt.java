package org.sealwax.router.receipts;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The transport facts of one recipient's delivery.
 *
 * @param at when the host took the mail
 * @param message the queue identifier
 * @param recipient the address; written as a salted hash only
 * @param nextHop domain or route
 * @param wanted the requirement's word: {@code dane}, {@code sts}, {@code verify}, {@code may}
 * @param because its evidence, one line each, as {@code Requirement.because} has it
 * @param peer the host, with its address
 * @param tls the TLS session, or null for plaintext
 * @param downgrade whether the host has shown better before
 * @param violation the ledger's class of a violation that stood, or null
 * @param dnssec whether DNSSEC vouches for the way from next hop to host
 * @param requireTls whether the mail had REQUIRETLS and MAIL to the host had it too
 */
public record Receipt(
    Instant at,
    String message,
    String recipient,
    String nextHop,
    String wanted,
    List<String> because,
    ReceiptHost peer,
    @Nullable ReceiptTls tls,
    boolean downgrade,
    @Nullable String violation,
    boolean dnssec,
    boolean requireTls) {
  /** Copies. */
  public Receipt {
    because = List.copyOf(because);
  }

  /**
   * The remote end.
   *
   * @param host its name, or its address when it has none
   * @param address the address in text
   */
  public record ReceiptHost(String host, String address) {}

  /**
   * TLS as it was negotiated.
   *
   * @param verdict {@code verified(tlsa 3 1 1 ...)}, as {@code Verdict.text} has it
   * @param key SHA-256 of the leaf's SubjectPublicKeyInfo in hex, or null when anonymous
   * @param certificate SHA-256 of the leaf certificate in hex, or null when anonymous
   * @param version {@code TLSv1.3}
   * @param suite the IANA name
   * @param group key exchange group, or null where it was not seen
   */
  public record ReceiptTls(
      String verdict,
      @Nullable String key,
      @Nullable String certificate,
      String version,
      String suite,
      @Nullable String group) {}
}
