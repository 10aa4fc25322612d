package org.sealwax.mail.cli;

import java.nio.file.Path;
import org.sealwax.mail.address.Domain;

/**
 * Default settings of this machine.
 *
 * @param hostname of the machine
 * @param state the state folder
 */
public record MachineDefaults(Domain hostname, Path state) {}
