package org.sealwax.router.route;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.LocalPart;
import org.sealwax.mail.address.Mailbox;

/**
 * Sender rewriting: a forwarded message gets a reverse-path in our domain, so that SPF at the
 * target passes for this server, and a bounce to it is returned to the original sender.
 *
 * <pre>{@code
 * user@a.example        -> SRS0=hash=day=a.example=user@ours        first forwarder
 * SRS0=rest@other       -> SRS1=hash=other==rest@ours               second
 * SRS1=hash=first=rest@other -> SRS1=hash=first=rest@ours           third and later
 * }</pre>
 *
 * The hash is HMAC-SHA256 in base32 over the rest in lower case, so that a host that changes case
 * does not break it; the day is a count modulo 1024. Without a secret no client can make an address
 * that we would forward mail for: otherwise this would be an open relay. Immutable.
 */
final class Srs {
  /** Base32 characters: 5 bits each; shorter ones can be guessed within the connection limits. */
  static final int MIN_HASH = 4;

  /** Thirty bits: guessing takes a thousand million RCPT commands, and local parts are short. */
  static final int DEFAULT_HASH = 6;

  /** Eighty bits. */
  static final int MAX_HASH = 16;

  /** Days; the count goes round after 1024. */
  static final int MAX_AGE_DAYS = 500;

  private static final int ROUND = 1024;
  private static final String BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

  private final Domain domain;
  private final List<byte[]> secrets;
  private final int maxAge;
  private final int hashLength;

  /**
   * With secrets.
   *
   * @param secrets the first signs, all verify; at least one
   */
  Srs(ForwardSettings.SenderRewriting settings, List<byte[]> secrets) {
    if (secrets.isEmpty()) {
      throw new IllegalArgumentException("no secret");
    }
    this.domain = settings.domain();
    this.secrets = List.copyOf(secrets);
    this.maxAge = (int) settings.maxAge().toDays();
    this.hashLength = settings.hashLength();
  }

  /** The result of reversing an address in our domain. */
  sealed interface Reversed {
    /** Made by us and not expired: the original sender. */
    record OriginalSender(Mailbox original) implements Reversed {}

    /** Has the form, and is forged, expired or broken; the text says which. */
    record Refused(String text) implements Reversed {}

    /** An ordinary address. */
    record NotRewritten() implements Reversed {}
  }

  /**
   * The address to forward with; the same one when it cannot be rewritten: it has an address
   * literal, or the result would be longer than a local part may be (RFC 5321 4.5.3.1.1), which
   * strict targets refuse outright, while a failed SPF check alone seldom is a reason.
   */
  Mailbox rewritten(Mailbox sender, Instant now) {
    if (!(sender.domain() instanceof Domain from)) {
      return sender;
    }
    String local = sender.localPart();
    String rest;
    String tag;
    int form = form(local);
    if (form == 0) {
      tag = "SRS1";
      rest = from.name() + "=" + local.substring(4);
    } else if (form == 1
        && local.indexOf('=', 5) > 0
        && firstForwarder(local.substring(local.indexOf('=', 5) + 1)) != null) {
      tag = "SRS1";
      rest = local.substring(local.indexOf('=', 5) + 1);
    } else {
      tag = "SRS0";
      rest = stamp(day(now)) + "=" + from.name() + "=" + local;
    }
    String out = tag + "=" + hash(secrets.getFirst(), tag, rest) + "=" + rest;
    return out.getBytes(StandardCharsets.UTF_8).length > Mailbox.MAX_LOCAL_PART
        ? sender
        : new Mailbox(out, domain);
  }

  /** Reads an address. */
  Reversed reversed(Mailbox address, Instant now) {
    String local = address.localPart();
    int form = form(local);
    if (form < 0 || !address.domain().equals(domain)) {
      return new Reversed.NotRewritten();
    }
    int end = local.indexOf('=', 5);
    if (end < 0) {
      return new Reversed.Refused("not an SRS address");
    }
    String given = local.substring(5, end);
    String rest = local.substring(end + 1);
    if (!isSigned(given, form == 0 ? "SRS0" : "SRS1", rest)) {
      return new Reversed.Refused("this SRS address is not ours");
    }
    Mailbox original = form == 0 ? original(rest, now) : firstForwarder(rest);
    return original == null
        ? new Reversed.Refused("this SRS address has expired")
        : new Reversed.OriginalSender(original);
  }

  private @Nullable Mailbox original(String rest, Instant now) {
    // stamp=domain=local, which we have signed
    int first = rest.indexOf('=');
    int second = rest.indexOf('=', first + 1);
    if (first != 2 || second < 0) {
      return null;
    }
    int made = unstamp(rest.substring(0, 2));
    int age = Math.floorMod(day(now) - made, ROUND);
    // One day ahead: two of our machines whose clocks differ around midnight.
    if (made < 0 || (age > maxAge && age != ROUND - 1)) {
      return null;
    }
    Optional<Domain> from = Domain.parse(rest.substring(first + 1, second));
    return from.map(d -> new Mailbox(rest.substring(second + 1), d)).orElse(null);
  }

  private static @Nullable Mailbox firstForwarder(String rest) {
    // first=(separator)hash=stamp=domain=local; the age is the first forwarder's to judge
    int end = rest.indexOf('=');
    Optional<Domain> first = end < 0 ? Optional.empty() : Domain.parse(rest.substring(0, end));
    return first.map(d -> new Mailbox("SRS0" + rest.substring(end + 1), d)).orElse(null);
  }

  /** 0 or 1 for SRS0 and SRS1, -1 for neither. */
  private static int form(String local) {
    if (local.length() < 6 || !LocalPart.isNamed(local.substring(0, 3), "srs")) {
      return -1;
    }
    char separator = local.charAt(4);
    boolean separated = separator == '=' || separator == '+' || separator == '-';
    return separated && (local.charAt(3) == '0' || local.charAt(3) == '1')
        ? local.charAt(3) - '0'
        : -1;
  }

  private boolean isSigned(String given, String tag, String rest) {
    byte[] found = LocalPart.folded(given).getBytes(StandardCharsets.UTF_8);
    boolean signed = false;
    for (byte[] secret : secrets) {
      byte[] right = LocalPart.folded(hash(secret, tag, rest)).getBytes(StandardCharsets.US_ASCII);
      signed |= MessageDigest.isEqual(right, found);
    }
    return signed;
  }

  private String hash(byte[] secret, String tag, String rest) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(secret, "HmacSHA256"));
      // With the tag: what was signed as one form must not pass as the other.
      mac.update(tag.getBytes(StandardCharsets.US_ASCII));
      byte[] out = mac.doFinal(rest.toLowerCase(Locale.ROOT).getBytes(StandardCharsets.UTF_8));
      StringBuilder text = new StringBuilder(hashLength);
      for (int i = 0; i < hashLength; i++) {
        int bit = i * 5;
        int two = (out[bit / 8] & 0xff) << 8 | (out[bit / 8 + 1] & 0xff);
        text.append(BASE32.charAt(two >> (11 - bit % 8) & 31));
      }
      return text.toString();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has HmacSHA256", e);
    }
  }

  private static int day(Instant now) {
    return Math.floorMod(now.atOffset(ZoneOffset.UTC).toLocalDate().toEpochDay(), ROUND);
  }

  private static String stamp(int day) {
    return "" + BASE32.charAt(day >> 5) + BASE32.charAt(day & 31);
  }

  private static int unstamp(String text) {
    int high = BASE32.indexOf(Character.toUpperCase(text.charAt(0)));
    int low = BASE32.indexOf(Character.toUpperCase(text.charAt(1)));
    return high < 0 || low < 0 ? -1 : high << 5 | low;
  }
}
