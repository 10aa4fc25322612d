package org.sealwax.router.route;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.WatchedFile;
import org.sealwax.router.log.MailLog;

/**
 * The files that forwarding settings name: aliases, recipients of relay domains, secrets of sender
 * rewriting. They are read again when they change.
 */
final class DirectoryFiles {
  private record AliasSource(Path file, boolean caseSensitive) {}

  private record RecipientSource(Domain domain, Path file) {}

  private final ForwardSettings settings;
  private final Clock clock;
  private final MailLog log;
  private final Map<Domain, WatchedFile<AliasTable>> aliases = new HashMap<>();
  private final Map<AliasSource, WatchedFile<AliasTable>> aliasFiles = new HashMap<>();
  private final Map<RecipientSource, WatchedFile<Set<String>>> recipients = new HashMap<>();
  private final @Nullable WatchedFile<Srs> secrets;

  /**
   * Reads all files; makes the secret for sender rewriting when it is absent.
   *
   * @param former of the configuration before, or null: files that it reads too are read as {@link
   *     WatchedFile#reload} states
   * @throws InvalidFileException when a file is wrong, with all that is wrong in that file
   * @throws IOException when a file cannot be read
   */
  DirectoryFiles(
      ForwardSettings settings,
      Clock clock,
      RandomSource random,
      MailLog log,
      @Nullable DirectoryFiles former)
      throws IOException {
    this.settings = settings;
    this.clock = clock;
    this.log = log;
    for (ForwardSettings.AliasDomain row : settings.aliasDomains()) {
      AliasSource source = new AliasSource(row.file(), row.caseSensitive());
      WatchedFile<AliasTable> table = aliasFiles.get(source);
      if (table == null) {
        table =
            watched(
                row.file(),
                () -> AliasFile.read(row.file(), row.caseSensitive(), settings.pipes()),
                "aliases",
                former == null ? null : former.aliasFiles.get(source));
        aliasFiles.put(source, table);
      }
      aliases.put(row.domain(), table);
    }
    for (ForwardSettings.RelayDomain row : settings.relayDomains()) {
      Path file = row.listed();
      if (file != null) {
        RecipientSource source = new RecipientSource(row.domain(), file);
        recipients.put(
            source,
            watched(
                file,
                () -> RecipientFile.read(file, row.domain()),
                "recipients",
                former == null ? null : former.recipients.get(source)));
      }
    }
    this.secrets = settings.sender() == null ? null : secrets(settings.sender(), random, former);
  }

  private <T> WatchedFile<T> watched(
      Path file, WatchedFile.FileParser<T> reader, String what, @Nullable WatchedFile<T> former)
      throws IOException {
    return former == null
        ? new WatchedFile<>(file, clock, reader, notice(what))
        : former.reload(reader);
  }

  private WatchedFile<Srs> secrets(
      ForwardSettings.SenderRewriting rewriting,
      RandomSource random,
      @Nullable DirectoryFiles former)
      throws IOException {
    Path file = rewriting.secretFile();
    if (SrsSecretFile.makeIfAbsent(file, random)) {
      log.note("forward", "created a secret for sender rewriting: " + file);
    }
    return watched(
        file,
        () -> {
          WatchedFile.FileContents<List<byte[]>> read = SrsSecretFile.read(file);
          return new WatchedFile.FileContents<>(new Srs(rewriting, read.value()), read.files());
        },
        "secrets",
        former != null && rewriting.equals(former.settings.sender()) ? former.secrets : null);
  }

  private WatchedFile.ChangeListener notice(String what) {
    return new WatchedFile.ChangeListener() {
      @Override
      public void taken(Path file) {
        log.configuration(what + " reloaded: " + file);
      }

      @Override
      public void kept(Path file, String why) {
        log.warning("forward", "the former " + what + " remain in force: " + why);
      }
    };
  }

  /** Everything that is wrong in the files of these settings. */
  static List<String> flaws(ForwardSettings settings) {
    Set<String> out = new LinkedHashSet<>();
    for (ForwardSettings.AliasDomain row : settings.aliasDomains()) {
      flaw(() -> AliasFile.read(row.file(), row.caseSensitive(), settings.pipes()), out);
    }
    for (ForwardSettings.RelayDomain row : settings.relayDomains()) {
      Path file = row.listed();
      if (file != null) {
        flaw(() -> RecipientFile.read(file, row.domain()), out);
      }
    }
    return List.copyOf(out);
  }

  private static <T> void flaw(WatchedFile.FileParser<T> reader, Set<String> out) {
    try {
      var _ = reader.read();
    } catch (IOException e) {
      out.add(FailureText.of(e));
    }
  }

  /** Checks the files for changes when it is time. */
  void reloadIfChanged() {
    aliasFiles.values().forEach(WatchedFile::now);
    recipients.values().forEach(WatchedFile::now);
    if (secrets != null) {
      var _ = secrets.now();
    }
  }

  /** The aliases of each alias domain. */
  Map<Domain, WatchedFile<AliasTable>> aliases() {
    return aliases;
  }

  /** The local parts of a relay domain, in lower case, or null when no file lists them. */
  @Nullable WatchedFile<Set<String>> recipients(ForwardSettings.RelayDomain relay) {
    return relay.listed() == null
        ? null
        : recipients.get(new RecipientSource(relay.domain(), relay.listed()));
  }

  /** Sender rewriting with the secrets of its file, or null when it is off. */
  @Nullable WatchedFile<Srs> secrets() {
    return secrets;
  }
}
