package org.sealwax.router.config;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import org.sealwax.mail.address.Cidr;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.DomainPattern;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.tls.verdict.Pin;

/**
 * The type of a key's value, and its reading from TOML.
 *
 * @param typeName for the reference: {@code duration}
 * @param form one sentence with an example, shown when a value is not valid
 * @param words the closed vocabulary, or empty
 * @param list whether the value is a list, whose elements are read one by one
 * @param parser parses one TOML value (of a list: one element)
 * @param fromElements makes the value from what the reader made (of a scalar: from one)
 */
record SettingType<T>(
    String typeName,
    String form,
    List<String> words,
    boolean list,
    Function<Object, ?> parser,
    Function<List<?>, T> fromElements) {

  /** A value does not fit; the message, if there is one, says more than the form. */
  static final class InvalidValue extends RuntimeException {
    private static final long serialVersionUID = 1L;

    InvalidValue(String message) {
      super(message, null, false, false);
    }
  }

  private static <T> SettingType<T> scalar(
      String word, String form, List<String> words, Function<Object, T> reader) {
    @SuppressWarnings("unchecked") // the only element was made by the reader
    Function<List<?>, T> first = made -> (T) made.getFirst();
    return new SettingType<>(word, form, words, false, reader, first);
  }

  private static <T> SettingType<T> text(String word, String form, Function<String, T> reader) {
    return scalar(
        word,
        form,
        List.of(),
        raw -> {
          if (!(raw instanceof String s)) {
            throw new InvalidValue("");
          }
          return reader.apply(s);
        });
  }

  static final SettingType<String> TEXT = text("text", "text in quotes", Function.identity());

  static final SettingType<Boolean> BOOLEAN =
      scalar(
          "true or false",
          "true or false, without quotes",
          List.of(),
          raw -> {
            if (!(raw instanceof Boolean b)) {
              throw new InvalidValue("");
            }
            return b;
          });

  /** A whole number in a range. */
  static SettingType<Integer> count(int min, int max) {
    return scalar(
        "number from " + min + " to " + max,
        "a whole number from " + min + " to " + max + ", without quotes",
        List.of(),
        raw -> {
          if (!(raw instanceof Long n) || n < min || n > max) {
            throw new InvalidValue("");
          }
          return n.intValue();
        });
  }

  /** {@code 30s}, {@code 5m}, {@code 4h}, {@code 5d}; also {@code 1h30m}. */
  static final SettingType<Duration> DURATION =
      text(
          "duration",
          "a duration in quotes: \"30s\", \"5m\", \"4h\", \"5d\" or a sum like \"1h30m\"",
          SettingType::duration);

  /** {@code 50MB}: powers of 1024, as SIZE is counted by mail programs. */
  static final SettingType<Long> SIZE =
      text("size", "a size in quotes: \"100KB\", \"50MB\", \"2GB\"", SettingType::size);

  static final SettingType<Domain> DOMAIN =
      text(
          "domain",
          "a domain name in quotes: \"example.org\"",
          s -> Domain.parse(s).orElseThrow(() -> new InvalidValue("")));

  /** Lower case, as identities are looked up by it. */
  static final SettingType<String> SERVER_NAME =
      text(
          "name",
          "a name in quotes: \"mx.example.org\", or \"*.example.org\" (one label in its place)",
          s -> {
            boolean wild = s.startsWith("*.");
            Domain domain =
                Domain.parse(wild ? s.substring(2) : s).orElseThrow(() -> new InvalidValue(""));
            return (wild ? "*." : "") + domain.name().toLowerCase(java.util.Locale.ROOT);
          });

  static final SettingType<DomainPattern> PATTERN =
      text(
          "domain pattern",
          "\"example.org\", \".example.org\" (everything below it) or \"*\" (every domain)",
          s -> DomainPattern.parse(s).orElseThrow(() -> new InvalidValue("")));

  static final SettingType<Cidr> NETWORK =
      text(
          "network",
          "a network in quotes: \"192.0.2.0/24\", \"2001:db8::/32\" or one address",
          s -> Cidr.parse(s).orElseThrow(() -> new InvalidValue("")));

  static final SettingType<InetAddress> ADDRESS =
      text(
          "address",
          "an IP address in quotes: \"192.0.2.1\" or \"2001:db8::1\"",
          SettingType::address);

  static final SettingType<InetSocketAddress> SOCKET =
      text(
          "address and port",
          "an IP address and a port in quotes: \"127.0.0.1:2525\", \"[::1]:25\", \"*:25\" (all"
              + " addresses)",
          SettingType::socket);

  static final SettingType<Path> FILE =
      text(
          "file",
          "a path in quotes, relative to the folder of this file",
          s -> {
            try {
              if (s.isEmpty()) {
                throw new InvalidValue("");
              }
              return Path.of(s);
            } catch (InvalidPathException e) {
              throw new InvalidValue("");
            }
          });

  static final SettingType<Pin> PIN =
      text(
          "pin",
          "the SHA-256 of a public key in hex: \"sha256:\" and 64 digits",
          s -> Pin.parse(s).orElseThrow(() -> new InvalidValue("")));

  static final SettingType<LocalDate> DATE =
      scalar(
          "date",
          "a date without quotes: 2027-01-31",
          List.of(),
          raw -> {
            if (!(raw instanceof LocalDate d)) {
              throw new InvalidValue("");
            }
            return d;
          });

  static final SettingType<Mailbox> MAILBOX =
      text("mailbox", "a mail address in quotes: \"name@example.org\"", SettingType::mailbox);

  /** Words of an enum, in lower case, {@code _} as {@code -}. */
  static <E extends Enum<E>> SettingType<E> oneOf(Class<E> type) {
    List<String> words = new ArrayList<>();
    for (E e : type.getEnumConstants()) {
      words.add(wordFor(e));
    }
    return choice(words, s -> type.getEnumConstants()[words.indexOf(s)]);
  }

  /** The words of some values of an enumeration. */
  static <E extends Enum<E>> SettingType<E> oneOf(List<E> values) {
    List<String> words = values.stream().map(SettingType::wordFor).toList();
    return choice(words, s -> values.get(words.indexOf(s)));
  }

  /** A closed vocabulary. */
  static <T> SettingType<T> choice(List<String> words, Function<String, T> reader) {
    return scalar(
        "one of " + quoted(words),
        "one of " + quoted(words),
        words,
        raw -> {
          if (!(raw instanceof String s) || !words.contains(s)) {
            throw new InvalidValue("");
          }
          return reader.apply(s);
        });
  }

  /** A list of {@code element}s. */
  static <T> SettingType<List<T>> listOf(SettingType<T> element) {
    return new SettingType<>(
        "list of " + element.typeName,
        element.form,
        element.words,
        true,
        element.parser,
        made -> made.stream().map(one -> element.fromElements.apply(List.of(one))).toList());
  }

  /** The word of an enum constant. */
  static String wordFor(Enum<?> e) {
    return e.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private static String quoted(List<String> words) {
    return "\"" + String.join("\", \"", words) + "\"";
  }

  private static Duration duration(String s) {
    long seconds = 0;
    int i = 0;
    if (s.isEmpty() || s.length() > 20) {
      throw new InvalidValue("");
    }
    while (i < s.length()) {
      int from = i;
      while (i < s.length() && s.charAt(i) >= '0' && s.charAt(i) <= '9') {
        i++;
      }
      if (i == from || i - from > 9 || i == s.length()) {
        throw new InvalidValue("");
      }
      long n = Long.parseLong(s.substring(from, i));
      seconds +=
          n
              * switch (s.charAt(i++)) {
                case 's' -> 1;
                case 'm' -> 60;
                case 'h' -> 3600;
                case 'd' -> 86_400;
                case 'w' -> 604_800;
                default -> throw new InvalidValue("");
              };
    }
    return Duration.ofSeconds(seconds);
  }

  private static long size(String s) {
    int digits = 0;
    while (digits < s.length() && s.charAt(digits) >= '0' && s.charAt(digits) <= '9') {
      digits++;
    }
    if (digits == 0 || digits > 9) {
      throw new InvalidValue("");
    }
    int shift =
        switch (s.substring(digits).strip().toUpperCase(Locale.ROOT)) {
          case "B" -> 0;
          case "K", "KB", "KIB" -> 10;
          case "M", "MB", "MIB" -> 20;
          case "G", "GB", "GIB" -> 30;
          default -> throw new InvalidValue("");
        };
    return Long.parseLong(s.substring(0, digits)) << shift;
  }

  private static InetAddress address(String s) {
    try {
      return InetAddress.ofLiteral(s);
    } catch (IllegalArgumentException e) {
      throw new InvalidValue("");
    }
  }

  private static InetSocketAddress socket(String s) {
    int colon = s.lastIndexOf(':');
    if (colon < 0) {
      throw new InvalidValue("the port is missing");
    }
    String host = s.substring(0, colon);
    int port;
    try {
      port = Integer.parseInt(s.substring(colon + 1));
    } catch (NumberFormatException e) {
      throw new InvalidValue("");
    }
    if (port < 0 || port > 65_535) {
      throw new InvalidValue("a port is a number from 1 to 65535");
    }
    if (host.equals("*")) {
      return new InetSocketAddress(port);
    }
    boolean bracketed = host.startsWith("[") && host.endsWith("]");
    if (!bracketed && host.indexOf(':') >= 0) {
      throw new InvalidValue("an IPv6 address stands in brackets");
    }
    return new InetSocketAddress(
        address(bracketed ? host.substring(1, host.length() - 1) : host), port);
  }

  private static Mailbox mailbox(String s) {
    int at = s.lastIndexOf('@');
    if (at < 1 || at > Mailbox.MAX_LOCAL_PART) {
      throw new InvalidValue("");
    }
    Mailbox mailbox =
        new Mailbox(
            s.substring(0, at),
            Domain.parse(s.substring(at + 1)).orElseThrow(() -> new InvalidValue("")));
    if (!mailbox.toString().startsWith(s.substring(0, at + 1))) {
      throw new InvalidValue("");
    }
    return mailbox;
  }
}
