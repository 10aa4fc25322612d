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
 * Sender rewriting (SRS): a forwarded message gets a reverse-path in our domain, so that SPF at the
 * target passes for this server, and a bounce to it is returned to the original sender.
 *
 * <pre>{@code
 * user@a.example        -> SRS0=hash=day=a.example=user@ours        first forwarder
 * SRS0=rest@other       -> SRS1=hash=other==rest@ours               second
 * SRS1=hash=first=rest@other -> SRS1=hash=first=rest@ours           third and later
 * any address too long for these -> SRS0=hash=day==token@ours       the store has the address
 * }</pre>
 *
 * <p>A token stands where no domain does, so that it is never a rewritten address of the other
 * forms. Other routers mark it with {@code !} or a digit; the usual rules of Exim refuse a
 * recipient of another server with {@code !} in its local part, and a bounce may take its way
 * through such a server.
 *
 * <p>The hash is HMAC-SHA256 in base32 over the rest in lower case, so that a host that changes
 * case does not break it; the day is a count modulo 1024. Without a secret no client can make an
 * address that we would forward mail for: otherwise this would be an open relay. Immutable.
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

  /** Characters of a token: eighty bits. */
  static final int TOKEN = 16;

  private enum Tag {
    SRS0,
    SRS1
  }

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

    /** Made by us and not expired: the store knows the original sender. */
    record StoredSender(String token) implements Reversed {}

    /** Has the form, and is forged, expired or broken; the text shows which. */
    record Refused(String text) implements Reversed {}

    /** An ordinary address. */
    record NotRewritten() implements Reversed {}
  }

  /** The address to forward with. */
  sealed interface Rewritten {
    /** Fits, and states all that a bounce needs. */
    record Address(Mailbox address) implements Rewritten {}

    /** Is too long otherwise: the token is to be stored before the address is used. */
    record WithToken(Mailbox address, SrsToken token) implements Rewritten {}

    /** The sender has an address literal, and stays as it is. */
    record Unchanged() implements Rewritten {}
  }

  /**
   * Rewrites a sender. The limit is that of a local part (RFC 5321 4.5.3.1.1), as it is written:
   * strict targets refuse a longer one outright.
   */
  Rewritten rewritten(Mailbox sender, Instant now) {
    if (!(sender.domain() instanceof Domain from)) {
      return new Rewritten.Unchanged();
    }
    String local = sender.localPart();
    String rest;
    Tag tag;
    Mailbox original = sender;
    int form = form(local);
    Mailbox first = form == 1 ? firstOf(local) : null;
    if (form == 0) {
      tag = Tag.SRS1;
      rest = from.name() + "=" + local.substring(4);
    } else if (first != null) {
      tag = Tag.SRS1;
      rest = local.substring(local.indexOf('=', 5) + 1);
      original = first;
    } else {
      tag = Tag.SRS0;
      rest = stamp(day(now)) + "=" + from.name() + "=" + local;
    }
    Mailbox address = signed(tag, rest);
    if (fits(address)) {
      return new Rewritten.Address(address);
    }
    SrsToken token = token(original, now);
    return new Rewritten.WithToken(
        signed(Tag.SRS0, stamp(day(now)) + "==" + token.text().toUpperCase(Locale.ROOT)), token);
  }

  private Mailbox signed(Tag tag, String rest) {
    return new Mailbox(tag + "=" + hash(secrets.getFirst(), tag, rest) + "=" + rest, domain);
  }

  private boolean fits(Mailbox address) {
    return octets(address.toString()) - octets("@" + domain) <= Mailbox.MAX_LOCAL_PART;
  }

  private static int octets(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }

  /** The same sender has the same token all day, so that it is stored once. */
  private SrsToken token(Mailbox original, Instant now) {
    long day = epochDay(now);
    // The domain first, in which there is no space; case counts in a local part.
    String text = "token" + day + " " + original.domain() + " " + original.localPart();
    return new SrsToken(
        LocalPart.folded(base32(mac(secrets.getFirst(), text), TOKEN)), original, day);
  }

  /**
   * The first forwarder's address that an SRS1 address of another forwarder stands for, or null.
   */
  private static @Nullable Mailbox firstOf(String local) {
    int end = local.indexOf('=', 5);
    return end > 0 ? firstForwarder(local.substring(end + 1)) : null;
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
    if (!isSigned(given, form == 0 ? Tag.SRS0 : Tag.SRS1, rest)) {
      return new Reversed.Refused("this SRS address is not ours");
    }
    if (form == 0 && rest.startsWith("==", 2)) {
      return isInTime(rest, now)
          ? new Reversed.StoredSender(LocalPart.folded(rest.substring(4)))
          : new Reversed.Refused("this SRS address has expired");
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
    if (first != 2 || second < 0 || !isInTime(rest, now)) {
      return null;
    }
    Optional<Domain> from = Domain.parse(rest.substring(first + 1, second));
    return from.map(d -> new Mailbox(rest.substring(second + 1), d)).orElse(null);
  }

  private boolean isInTime(String rest, Instant now) {
    int made = unstamp(rest.substring(0, 2));
    int age = Math.floorMod(day(now) - made, ROUND);
    // One day ahead: two of our machines whose clocks differ around midnight.
    return made >= 0 && (age <= maxAge || age == ROUND - 1);
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

  private boolean isSigned(String given, Tag tag, String rest) {
    byte[] found = LocalPart.folded(given).getBytes(StandardCharsets.UTF_8);
    boolean signed = false;
    for (byte[] secret : secrets) {
      byte[] right = LocalPart.folded(hash(secret, tag, rest)).getBytes(StandardCharsets.US_ASCII);
      signed |= MessageDigest.isEqual(right, found);
    }
    return signed;
  }

  private String hash(byte[] secret, Tag tag, String rest) {
    // With the tag: what was signed as one form must not pass as the other.
    return base32(mac(secret, tag + rest.toLowerCase(Locale.ROOT)), hashLength);
  }

  private static String base32(byte[] bytes, int length) {
    StringBuilder text = new StringBuilder(length);
    for (int i = 0; i < length; i++) {
      int bit = i * 5;
      int two = (bytes[bit / 8] & 0xff) << 8 | (bytes[bit / 8 + 1] & 0xff);
      text.append(BASE32.charAt(two >> (11 - bit % 8) & 31));
    }
    return text.toString();
  }

  private static byte[] mac(byte[] secret, String text) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(secret, "HmacSHA256"));
      return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has HmacSHA256", e);
    }
  }

  private static int day(Instant now) {
    return Math.floorMod(epochDay(now), ROUND);
  }

  private static long epochDay(Instant now) {
    return now.atOffset(ZoneOffset.UTC).toLocalDate().toEpochDay();
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
