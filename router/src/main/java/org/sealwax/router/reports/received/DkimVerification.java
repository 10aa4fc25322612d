package org.sealwax.router.reports.received;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.interfaces.RSAKey;
import java.security.spec.X509EncodedKeySpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import org.apache.james.jdkim.DKIMVerifier;
import org.apache.james.jdkim.api.Headers;
import org.apache.james.jdkim.api.Result;
import org.apache.james.jdkim.api.SignatureRecord;
import org.apache.james.jdkim.exceptions.FailException;
import org.apache.james.jdkim.exceptions.PermFailException;
import org.apache.james.jdkim.exceptions.TempFailException;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.PublicSuffixList;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.message.AddressList;

/**
 * The verification that a message with a report is signed by the domain in its From field: RFC 8460
 * section 3 demands that reports without a valid DKIM signature (RFC 6376) of the reporting domain
 * are ignored. RSA with SHA-256 only (RFC 8301; Ed25519 is not known to the library); over the
 * whole body (section 3 forbids {@code l=}); with a key whose record serves mail, TLS reports or
 * everything. The key's record is believed as the DNS gives it, signed or not.
 */
sealed interface DkimVerification {
  /** The signature holds. */
  record Signed(Domain by) implements DkimVerification {}

  /** There is none that counts. */
  record NotSigned(String why) implements DkimVerification {}

  /** The DNS did not answer. */
  record KeyLookupFailed(String why) implements DkimVerification {}

  /** Signatures of one message that are checked: each costs a query to the DNS. */
  int MAX_SIGNATURES = 4;

  /** Bytes of one signature: an RSA key of 4096 bits has 700, and the names of fields. */
  int MAX_SIGNATURE = 8_192;

  /** Bytes of a header section. */
  int MAX_HEADER = 256 * 1_024;

  /** RFC 8301 section 3.2. */
  int LEAST_BITS = 1_024;

  /** Why a signature with {@code l=} does not count. */
  String PARTIAL = "a DKIM signature of a part of the body";

  /** Verifies a message with CRLF line ends. */
  static DkimVerification of(byte[] message, Resolver resolver, PublicSuffixList suffixes) {
    Optional<Fields> header = Fields.of(message);
    if (header.isEmpty()) {
      return new NotSigned("a header that cannot be read");
    }
    Fields fields = header.get();
    Optional<Domain> from = fields.from();
    if (from.isEmpty()) {
      return new NotSigned("no From with one address");
    }
    if (fields.isAmbiguous()) {
      return new NotSigned("a header field occurs twice");
    }
    if (fields.getFields("DKIM-Signature").isEmpty()) {
      return new NotSigned(fields.isPartial() ? PARTIAL : "no DKIM signature");
    }
    DKIMVerifier verifier =
        new DKIMVerifier((methods, selector, domain) -> keys(resolver, selector, domain));
    boolean temporary = false;
    try {
      verifier.verify(
          fields, new ByteArrayInputStream(message, fields.body(), message.length - fields.body()));
    } catch (TempFailException e) {
      temporary = true;
    } catch (FailException | IOException | RuntimeException | StackOverflowError e) {
      // What each signature came to is in the results; the library throws when none holds, and
      // its parsers throw what they like at malformed ones.
    }
    String why = fields.isPartial() ? PARTIAL : "no valid DKIM signature";
    for (Result result : verifier.getResults()) {
      temporary |= result.getResultType() == Result.Type.TEMPERROR;
      SignatureRecord signature = result.getRecord();
      if (!result.isSuccess() || signature == null) {
        continue;
      }
      Optional<Domain> by = Domain.parse(signature.getDToken().toString());
      if (!signature.getHashAlgo().toString().equalsIgnoreCase("sha-256")) {
        why = "a DKIM signature with an obsolete algorithm";
      } else if (by.isPresent() && isOf(by.get(), from.get(), suffixes)) {
        return new Signed(by.get());
      } else {
        why = "a DKIM signature of another domain than the From's";
      }
    }
    return temporary
        ? new KeyLookupFailed("the key of a signature cannot be looked up")
        : new NotSigned(why);
  }

  private static boolean isOf(Domain signer, Domain from, PublicSuffixList suffixes) {
    return signer.equals(from) || suffixes.sameOrganisation(signer, from);
  }

  private static List<String> keys(Resolver resolver, CharSequence selector, CharSequence domain)
      throws TempFailException, PermFailException {
    Optional<Domain> name = Domain.parse(selector + "._domainkey." + domain);
    if (name.isEmpty()) {
      throw new PermFailException("not a key name");
    }
    DnsAnswer<String> answer = resolver.txt(name.get());
    if (answer.kind() == DnsAnswer.Kind.UNKNOWN) {
      throw new TempFailException("no answer");
    }
    List<String> records =
        answer.records().stream().filter(KeyRecord::serves).map(KeyRecord::plain).toList();
    if (records.size() != 1) {
      // RFC 6376 §3.6.2.2: with several the result is undefined, and we define it.
      throw new PermFailException("not one key that serves TLS reports");
    }
    return records;
  }

  /** A key's record (RFC 6376 section 3.6.1), as far as the library does not check it. */
  final class KeyRecord {
    /** Characters of a record: a key of 4096 bits has 730. */
    private static final int MAX = 4_000;

    private KeyRecord() {}

    static String tag(String record, String name) {
      for (String tag : record.split(";", -1)) {
        int equals = tag.indexOf('=');
        if (equals > 0 && tag.substring(0, equals).strip().equals(name)) {
          return tag.substring(equals + 1).strip();
        }
      }
      return "";
    }

    /**
     * Whether TLS reports may be signed with it: section 3 of RFC 8460, and keys without a service
     * type.
     */
    static boolean serves(String record) {
      if (record.length() > MAX) {
        return false;
      }
      String services = tag(record, "s");
      boolean served =
          services.isEmpty()
              || Arrays.stream(services.split(":"))
                  .map(String::strip)
                  .anyMatch(s -> s.equals("*") || s.equals("email") || s.equals("tlsrpt"));
      return served && isLongEnough(tag(record, "p"));
    }

    /** Whether it is an RSA key that verifiers take. */
    private static boolean isLongEnough(String key) {
      try {
        byte[] der = Base64.getDecoder().decode(key.replaceAll("[ \t\r\n]", ""));
        return KeyFactory.getInstance("RSA").generatePublic(new X509EncodedKeySpec(der))
                instanceof RSAKey rsa
            && rsa.getModulus().bitLength() >= LEAST_BITS;
      } catch (GeneralSecurityException | IllegalArgumentException e) {
        return false; // revoked, of another kind, or damaged
      }
    }

    /** Without the services, which the library reads as something else. */
    static String plain(String record) {
      return Arrays.stream(record.split(";", -1))
          .filter(tag -> !tag.strip().matches("s\\s*=.*"))
          .reduce((a, b) -> a + ";" + b)
          .orElse("");
    }
  }

  /** A header section, field by field as it stands there. */
  final class Fields implements Headers {
    private static final Pattern NAME = Pattern.compile("[!-9;-~]{1,200}");

    /** RFC 5322 3.6, RFC 2045 3: once at most. */
    private static final List<String> SINGLE =
        List.of("Content-Type", "Content-Transfer-Encoding", "MIME-Version", "Subject", "Date");

    private final List<String> all;
    private final int body;
    private final boolean partial;

    private Fields(List<String> all, int body, boolean partial) {
      this.all = List.copyOf(all);
      this.body = body;
      this.partial = partial;
    }

    /** Empty when it is malformed or too long. */
    static Optional<Fields> of(byte[] message) {
      int end = -1;
      for (int i = 0; i + 3 < Math.min(message.length, MAX_HEADER) && end < 0; i++) {
        if (message[i] == '\r'
            && message[i + 1] == '\n'
            && message[i + 2] == '\r'
            && message[i + 3] == '\n') {
          end = i;
        }
      }
      if (end < 0) {
        return Optional.empty();
      }
      List<String> fields = new ArrayList<>();
      String text = new String(message, 0, end, StandardCharsets.UTF_8);
      int signatures = 0;
      boolean partial = false;
      for (String field : text.split("\r\n(?![ \t])", -1)) {
        int colon = field.indexOf(':');
        if (colon < 1 || !NAME.matcher(field.substring(0, colon).stripTrailing()).matches()) {
          return Optional.empty();
        }
        boolean signature = field.regionMatches(true, 0, "DKIM-Signature", 0, 14);
        if (signature && (field.length() > MAX_SIGNATURE || ++signatures > MAX_SIGNATURES)) {
          continue;
        }
        if (signature && !KeyRecord.tag(field.substring(colon + 1), "l").isEmpty()) {
          // RFC 8460 3 forbids a length, and the library takes one below zero for none.
          partial = true;
          continue;
        }
        fields.add(field);
      }
      return Optional.of(new Fields(fields, end + 4, partial));
    }

    int body() {
      return body;
    }

    /** Whether a signature was left out because it is of a part of the body. */
    boolean isPartial() {
      return partial;
    }

    /**
     * Whether a field that says how the body is to be read is there more than once: a signature
     * covers one of them (RFC 6376 5.4.2), and we might read by another.
     */
    boolean isAmbiguous() {
      return SINGLE.stream().anyMatch(name -> getFields(name).size() > 1);
    }

    /** The domain of the one From with one address. */
    Optional<Domain> from() {
      List<String> from = getFields("From");
      if (from.size() != 1) {
        return Optional.empty();
      }
      List<String> addresses =
          AddressList.of(from.getFirst().substring(from.getFirst().indexOf(':') + 1));
      // A list of addresses would let a signature of the last one vouch for the first.
      if (addresses.size() != 1) {
        return Optional.empty();
      }
      String address = addresses.getFirst();
      int at = address.lastIndexOf('@');
      return at > 0 ? Domain.parse(address.substring(at + 1)) : Optional.empty();
    }

    @Override
    public List<String> getFields() {
      return all;
    }

    @Override
    public List<String> getFields(String name) {
      String lower = name.toLowerCase(Locale.ROOT);
      return all.stream()
          .filter(
              f ->
                  f.substring(0, f.indexOf(':'))
                      .stripTrailing()
                      .toLowerCase(Locale.ROOT)
                      .equals(lower))
          .toList();
    }
  }
}
