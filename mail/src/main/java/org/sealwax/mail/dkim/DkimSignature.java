package org.sealwax.mail.dkim;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dkim.TagList.TagValue;
import org.sealwax.mail.message.HeaderField;

/**
 * A DKIM-Signature field (RFC 6376 section 3.5), read strictly.
 *
 * @param algorithm {@code a=}
 * @param signature {@code b=}
 * @param bodyHash {@code bh=}
 * @param header canonicalization of the header
 * @param body canonicalization of the body
 * @param domain {@code d=}
 * @param selector {@code s=}
 * @param fields {@code h=}, in lower case
 * @param identityDomain the domain of {@code i=}; by default that of {@code d=}
 * @param length {@code l=}: bytes of the canonical body that are signed
 * @param expires {@code x=}
 * @param unsigned the field with an empty {@code b=}, as it is signed
 */
@SuppressWarnings("ArrayRecordComponent") // read once, never compared
record DkimSignature(
    DkimAlgorithm algorithm,
    byte[] signature,
    byte[] bodyHash,
    Canonicalization header,
    Canonicalization body,
    Domain domain,
    Domain selector,
    List<String> fields,
    Domain identityDomain,
    OptionalLong length,
    Optional<Instant> expires,
    HeaderField unsigned) {
  /** Name of the header field. */
  static final String NAME = "DKIM-Signature";

  /** Bytes of one field: an RSA key of 4096 bits needs 700, and the names of fields follow. */
  static final int MAX_SIZE = 8_192;

  /**
   * Digits of {@code l=}: RFC 6376 section 3.5 has 76, of which no message needs more than these.
   */
  private static final int MAX_LENGTH_DIGITS = 18;

  /**
   * Digits of {@code t=} and {@code x=} (RFC 6376 section 3.5: at least until the year 200,000).
   */
  private static final int MAX_TIME_DIGITS = 12;

  /**
   * What a signature claims, whether it is valid or not, as far as it can be read.
   *
   * @param domain {@code d=}
   * @param selector {@code s=}
   * @param identity {@code i=}
   * @param algorithm {@code a=}
   * @param signature {@code b=}, without white space
   * @param hasLength whether there is {@code l=}
   */
  record Claim(
      Optional<Domain> domain,
      Optional<Domain> selector,
      Optional<String> identity,
      Optional<DkimAlgorithm> algorithm,
      String signature,
      boolean hasLength) {}

  /** What a signature claims. */
  static Claim claim(HeaderField field) {
    Optional<TagList> tags =
        field.raw().length() > MAX_SIZE ? Optional.empty() : TagList.parse(field.value());
    Optional<Domain> domain = tags.flatMap(t -> domain(t.text("d")));
    return new Claim(
        domain,
        tags.flatMap(t -> domain(t.text("s"))),
        tags.flatMap(t -> t.text("i") == null ? domain.map(d -> "@" + d) : utf8(t.text("i"))),
        tags.map(t -> t.text("a")).flatMap(DkimAlgorithm::ofTag),
        tags.map(t -> t.text("b")).map(TagList::withoutSpace).orElse(""),
        tags.map(t -> t.text("l")).isPresent());
  }

  /** Where the key is published (RFC 6376 section 3.6.2.1). */
  Optional<Domain> keyName() {
    return keyName(selector, domain);
  }

  static Optional<Domain> keyName(Domain selector, Domain domain) {
    return Domain.ofDns(selector + "._domainkey." + domain);
  }

  static DkimSignature parse(HeaderField field) throws DkimFailure {
    if (field.raw().length() > MAX_SIZE) {
      throw neutral("the signature is longer than " + MAX_SIZE + " bytes");
    }
    TagList tags =
        TagList.parse(field.value())
            .orElseThrow(() -> neutral("the signature is not a list of tags"));
    if (!required(tags, "v").text().equals("1")) {
      throw neutral("the signature has an unknown version");
    }
    String a = required(tags, "a").text();
    if (a.equals(DkimAlgorithm.RSA_SHA1)) {
      throw new DkimFailure(DkimStatus.POLICY, "the signature has an obsolete algorithm");
    }
    DkimAlgorithm algorithm =
        DkimAlgorithm.ofTag(a).orElseThrow(() -> neutral("the signature has an unknown algorithm"));
    if (!isKnownQuery(tags.text("q"))) {
      throw neutral("the signature has an unknown query method");
    }
    Domain domain =
        domain(required(tags, "d").text()).orElseThrow(() -> neutral("d= is not a domain name"));
    Domain selector =
        domain(required(tags, "s").text()).orElseThrow(() -> neutral("s= is not a selector"));
    String[] canonical = canonicalization(tags.text("c"));
    Optional<Instant> made = time(tags.value("t"));
    Optional<Instant> expires = time(tags.value("x"));
    if (made.isPresent() && expires.isPresent() && !expires.get().isAfter(made.get())) {
      throw neutral("x= is not after t=");
    }
    String identity = identity(tags.text("i"), domain);
    Domain identityDomain =
        domain(identity.substring(identity.lastIndexOf('@') + 1))
            .orElseThrow(() -> neutral("i= has no domain name"));
    if (!identityDomain.equals(domain) && !identityDomain.isBelow(domain)) {
      throw new DkimFailure(DkimStatus.PERMERROR, "i= is not in the domain of d=");
    }
    byte[] bodyHash = base64(required(tags, "bh"));
    if (bodyHash.length != 32) {
      throw neutral("bh= is not a SHA-256 hash");
    }
    return new DkimSignature(
        algorithm,
        base64(required(tags, "b")),
        bodyHash,
        known(canonical[0]),
        known(canonical[1]),
        domain,
        selector,
        fields(required(tags, "h").text()),
        identityDomain,
        length(tags.value("l")),
        expires,
        withoutSignature(field, tags));
  }

  private static DkimFailure neutral(String reason) {
    return new DkimFailure(DkimStatus.NEUTRAL, reason);
  }

  private static TagValue required(TagList tags, String name) throws DkimFailure {
    TagValue value = tags.value(name);
    if (value == null || value.text().isEmpty()) {
      throw neutral("the signature has no " + name + "=");
    }
    return value;
  }

  /**
   * Section 3.5: a list, of which one method is known; the absence of the tag means that method.
   */
  private static boolean isKnownQuery(@Nullable String q) {
    if (q == null) {
      return true;
    }
    for (String method : q.split(":", -1)) {
      if (TagList.trimmed(method).equals("dns/txt")) {
        return true;
      }
    }
    return false;
  }

  /** Header and body; the body is simple by default (section 3.5). */
  private static String[] canonicalization(@Nullable String c) {
    if (c == null) {
      return new String[] {"simple", "simple"};
    }
    int slash = c.indexOf('/');
    return slash < 0
        ? new String[] {c, "simple"}
        : new String[] {c.substring(0, slash), c.substring(slash + 1)};
  }

  private static Canonicalization known(String tag) throws DkimFailure {
    return Canonicalization.of(tag)
        .orElseThrow(() -> neutral("the signature has an unknown canonicalization"));
  }

  private static Optional<Domain> domain(@Nullable String text) {
    return utf8(text).flatMap(Domain::parse);
  }

  /** RFC 8616: in messages of RFC 6532, names may have U-labels. */
  private static Optional<String> utf8(@Nullable String text) {
    if (text == null) {
      return Optional.empty();
    }
    try {
      byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
      return Optional.of(
          StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
    } catch (CharacterCodingException e) {
      return Optional.empty();
    }
  }

  private static String identity(@Nullable String i, Domain domain) throws DkimFailure {
    if (i == null) {
      return "@" + domain;
    }
    String text = utf8(i).orElseThrow(() -> neutral("i= is not UTF-8"));
    if (text.indexOf('@') < 0) {
      throw neutral("i= has no at sign");
    }
    return text;
  }

  private static List<String> fields(String h) throws DkimFailure {
    List<String> fields = new ArrayList<>();
    for (String part : h.split(":", -1)) {
      String name = TagList.trimmed(part);
      if (name.isEmpty() || !name.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
        throw neutral("h= is not a list of field names");
      }
      fields.add(name.toLowerCase(Locale.ROOT));
    }
    // RFC 6376 section 5.4.
    if (!fields.contains("from")) {
      throw new DkimFailure(DkimStatus.PERMERROR, "the From field is not signed");
    }
    return List.copyOf(fields);
  }

  private static OptionalLong length(@Nullable TagValue l) throws DkimFailure {
    return l == null ? OptionalLong.empty() : OptionalLong.of(number(l, MAX_LENGTH_DIGITS));
  }

  private static Optional<Instant> time(@Nullable TagValue tag) throws DkimFailure {
    return tag == null
        ? Optional.empty()
        : Optional.of(Instant.ofEpochSecond(number(tag, MAX_TIME_DIGITS)));
  }

  private static long number(TagValue tag, int digits) throws DkimFailure {
    String text = tag.text();
    if (text.isEmpty()
        || text.length() > digits
        || !text.chars().allMatch(c -> c >= '0' && c <= '9')) {
      throw neutral(tag.name() + "= is not a number");
    }
    return Long.parseLong(text);
  }

  private static byte[] base64(TagValue tag) throws DkimFailure {
    try {
      return Base64.getDecoder().decode(TagList.withoutSpace(tag.text()));
    } catch (IllegalArgumentException e) {
      throw neutral(tag.name() + "= is not Base64");
    }
  }

  /** Section 3.7: the value of {@code b=} is deleted with the white space around it. */
  private static HeaderField withoutSignature(HeaderField field, TagList tags) throws DkimFailure {
    TagValue b = required(tags, "b");
    int value = field.raw().length() - field.value().length();
    String raw = field.raw();
    return HeaderField.of(raw.substring(0, value + b.begin()) + raw.substring(value + b.end()));
  }
}
